/** GET /api/v2/stream: holds the connection of a client open, and hands it to the hub. */
import type { FastifyInstance } from "fastify";
import { Refusal, type RouteAccess } from "../access.ts";
import { taskRow } from "../present/task-row.ts";
import { workerRow } from "../present/worker-row.ts";
import type { V2Parts } from "../routes/v2/api-route.ts";
import { monitorVersion } from "../version.ts";
import { StreamHub } from "./hub.ts";
import { createListener } from "./listener.ts";
import { readWish } from "./wish.ts";

const access: RouteAccess = { kind: "page", action: null, refusal: "json", isStream: true };
const mostStreams = 200;
const retryAfterSeconds = 5;
/** Then it comes back by itself, from where it was: who is no longer let in is found out. */
const longestMs = 3_600_000;

export function streamRoute(server: FastifyInstance, parts: V2Parts): void {
  const { history, cluster, overview, clock, logger, shown } = parts;
  const row = (worker: Parameters<typeof workerRow>[0]) => workerRow(worker, cluster.inspection.workers.get(worker.hostname));
  const hub = new StreamHub({
    clock,
    logger,
    version: monitorVersion(),
    follow: (heard) => history.follow(heard),
    task: (uuid) => history.task(uuid),
    workers: async () => (await history.workers()).map(row),
    overview,
    taskRow: (task) => taskRow(shown(task)),
    workerRow: row,
  });
  // Open streams would hold up the end of the server.
  server.addHook("preClose", async () => hub.close());

  server.get("/api/v2/stream", { config: { access } }, (request, reply) => {
    const wish = readWish(request.query as Readonly<Record<string, unknown>>);
    if (hub.size >= mostStreams) {
      reply.header("retry-after", String(retryAfterSeconds));
      throw new Refusal(503, `${mostStreams} streams are open already: ask again later`);
    }
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
    const last = request.headers["last-event-id"];
    const listener = createListener(out);
    const leave = hub.join(listener, wish, typeof last === "string" ? last : undefined);
    const end = clock.after(longestMs, () => listener.end(), { background: true });
    out.on("close", () => {
      end.cancel();
      leave();
    });
  });
}
