/** GET /api/v2/stream: what changes, for the pages and others; the hub tells it. */
import type { FastifyInstance } from "fastify";
import type { RouteAccess } from "../access.ts";
import { taskRow } from "../present/task-row.ts";
import { workerRow } from "../present/worker-row.ts";
import type { V2Parts } from "../routes/v2/api-route.ts";
import { monitorVersion } from "../version.ts";
import { type Connections, lastEventIdOf } from "./connections.ts";
import { encodeFrame } from "./frame.ts";
import { StreamHub } from "./hub.ts";
import { readWish } from "./wish.ts";

const access: RouteAccess = { kind: "page", action: null, refusal: "json", isStream: true };
const gap = (dropped: number) => `data: ${encodeFrame({ kind: "gap", dropped })}\n\n`;

export function streamRoute(server: FastifyInstance, parts: V2Parts, connections: Connections): void {
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
    connections.open(request, reply, gap, (listener) => hub.join(listener, wish, lastEventIdOf(request)));
  });
}
