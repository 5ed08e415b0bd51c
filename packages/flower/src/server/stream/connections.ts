/** Connections on which the monitor goes on telling: server-sent events to so many clients at most, of all streams together. */
import type { Clock } from "@celeriac/core/runtime";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Refusal } from "../access.ts";
import { createListener, type Listener } from "./listener.ts";

export interface Connections {
  /** `join`: gives how to leave; called when the client has its headers. `gap`: see `createListener`. Throws Refusal 503 where there is no room. */
  open(request: FastifyRequest, reply: FastifyReply, gap: (dropped: number) => string, join: (listener: Listener) => () => void): void;
}

const most = 200;
const retryAfterSeconds = 5;
/** Then it comes back by itself, from where it was: who is no longer let in is found out. */
const longestMs = 3_600_000;

export function createConnections(clock: Clock): Connections {
  let count = 0;
  return {
    open(request, reply, gap, join) {
      if (count >= most) {
        reply.header("retry-after", String(retryAfterSeconds));
        throw new Refusal(503, `${most} streams are open already: ask again later`);
      }
      count += 1;
      reply.hijack();
      const out = reply.raw;
      out.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        "content-type": "text/event-stream; charset=UTF-8",
        "cache-control": "no-store, no-transform",
        // nginx would gather what it is to hand on
        "x-accel-buffering": "no",
      });
      out.flushHeaders();
      request.raw.socket.setNoDelay(true);
      const listener = createListener(out, gap);
      const leave = join(listener);
      const end = clock.after(longestMs, () => listener.end(), { background: true });
      out.on("close", () => {
        count -= 1;
        end.cancel();
        leave();
      });
    },
  };
}

/** The place behind which a client that comes back goes on: EventSource says it by itself, others may in the query. */
export function lastEventIdOf({ headers, query }: FastifyRequest): string | undefined {
  const last = headers["last-event-id"] ?? (query as Readonly<Record<string, unknown>>)["after"];
  return typeof last === "string" && last !== "" ? last : undefined;
}
