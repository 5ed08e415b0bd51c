/** Whether the monitor lives, and whether it is ready: for load balancers and platforms, open to everybody. */
import type { FastifyInstance } from "fastify";
import type { RouteAccess } from "../access.ts";
import type { MonitorParts } from "../parts.ts";
import { readinessOf } from "../readiness.ts";
import { sendJson } from "../server.ts";

const access: RouteAccess = { kind: "probe", action: null, refusal: "text" };

export function probeRoutes(server: FastifyInstance, { history, ear }: Pick<MonitorParts, "history" | "ear">): void {
  // A constant, as in Flower: it lives, whatever is around it.
  server.get("/healthcheck", { config: { access } }, (_request, reply) =>
    reply.header("content-type", "text/html; charset=UTF-8").send("OK"),
  );

  server.get("/healthz/ready", { config: { access } }, async (_request, reply) => {
    const readiness = readinessOf(await history.facts(), ear);
    return sendJson(reply.code(readiness.ready ? 200 : 503), readiness);
  });
}
