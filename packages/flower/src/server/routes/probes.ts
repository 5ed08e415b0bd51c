/** Whether the monitor lives, and whether it is ready: for load balancers and platforms, open to everybody. */

import type { FastifyInstance } from "fastify";
import type { RouteAccess } from "../access.ts";
import type { MonitorParts } from "../parts.ts";

const access: RouteAccess = { kind: "probe", action: null, refusal: "text" };

export function probeRoutes(server: FastifyInstance, _parts: MonitorParts): void {
  server.get("/healthcheck", { config: { access } }, (_request, reply) =>
    reply.header("content-type", "text/html; charset=UTF-8").send("OK"),
  );
}
