/** GET /metrics, for Prometheus. */
import type { FastifyInstance } from "fastify";
import { contentType } from "../metrics/exposition.ts";
import type { MonitorParts } from "../parts.ts";

export function metricRoutes(server: FastifyInstance, { metrics }: MonitorParts): void {
  const access = { kind: "metrics", action: null, refusal: "text" } as const;
  server.get("/metrics", { config: { access } }, async (_request, reply) =>
    reply.header("content-type", contentType).send(await metrics.text()),
  );
}
