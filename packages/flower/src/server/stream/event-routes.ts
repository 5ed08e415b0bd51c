/** GET /api/v2/events: every event, as it was told; and under the addresses that Flower had before 1.1, there as a WebSocket. */
import { contentRules } from "@celeriac/core/runtime";
import type { FastifyInstance } from "fastify";
import { Refusal, type RouteAccess } from "../access.ts";
import type { MonitorParts } from "../parts.ts";
import { type Connections, lastEventIdOf } from "./connections.ts";
import { EventFeed, gapText } from "./event-feed.ts";
import { readEventWish } from "./wish.ts";

type Query = Readonly<Record<string, unknown>>;

const access: RouteAccess = { kind: "page", action: null, refusal: "json", isStream: true };
const ofFlower: RouteAccess = { kind: "api", action: null, refusal: "text", isStream: true };

export function eventRoutes(server: FastifyInstance, { clock, ear, redactor, runtime }: MonitorParts, connections: Connections): void {
  const { acceptContent, eventSerializer, maxMessageBytes } = runtime.settings;
  const content = contentRules({ acceptContent: [...acceptContent, eventSerializer], maxMessageBytes });
  const feed = new EventFeed({ clock, ear, content, redactor });
  server.addHook("preClose", async () => feed.close());

  server.get("/api/v2/events", { config: { access } }, (request, reply) => {
    const wish = readEventWish(request.query as Query);
    connections.open(request, reply, gapText, (listener) => feed.join(listener, wish, lastEventIdOf(request)));
  });

  server.get<{ Params: { readonly type: string; readonly "*": string } }>(
    "/api/task/events/:type/*",
    { config: { access: ofFlower } },
    (request, reply) => {
      if (request.headers.upgrade !== undefined)
        throw new Refusal(400, "Events are told as server-sent events: ask with EventSource, or curl, and not for a WebSocket");
      const { type, "*": uuid } = request.params;
      const wish = { ...readEventWish({ types: type }), uuids: uuid === "" ? null : new Set([uuid]) };
      connections.open(request, reply, gapText, (listener) => feed.join(listener, wish, lastEventIdOf(request)));
    },
  );
}
