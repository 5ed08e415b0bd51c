/** GET /api/workers: what workers said of themselves, or which of them are there. */
import type { FastifyInstance } from "fastify";
import { Refusal } from "../../access.ts";
import type { MonitorParts } from "../../parts.ts";
import { argumentsOf } from "../../request-body.ts";
import { sendJson } from "../../server.ts";
import { readsText } from "./access.ts";

export function workerRoutes(server: FastifyInstance, { history, cluster }: MonitorParts): void {
  const { inspection } = cluster;

  server.get("/api/workers", readsText, async (request, reply) => {
    const given = await argumentsOf(request);
    const name = given.text("workername");
    const refresh = given.boolean("refresh", false);
    const status = given.boolean("status", false);
    // One that was heard of and has not been asked yet is asked first: it would not be known otherwise.
    const isNew = name !== null && !inspection.workers.has(name) && cluster.isKnown(name);
    if (refresh || (isNew && !status)) await inspection.refresh(name ?? undefined);
    if (status) {
      const workers = await history.workers();
      return sendJson(reply, Object.fromEntries(workers.map(({ hostname, online }) => [hostname, online])));
    }
    if (name === null) return sendJson(reply, Object.fromEntries(inspection.workers));
    const inspected = inspection.workers.get(name);
    if (inspected === undefined) throw new Refusal(404, `Unknown worker '${name}'`);
    return sendJson(reply, { [name]: inspected });
  });
}
