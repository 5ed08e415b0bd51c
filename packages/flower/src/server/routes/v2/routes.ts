/** /api/v2: puts the tables of routes on a server, and their description beside them. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Refusal, type RouteAccess } from "../../access.ts";
import type { MonitorParts } from "../../parts.ts";
import { createShown } from "../../present/shown-task.ts";
import { jsonOf } from "../../request-body.ts";
import { sendJson } from "../../server.ts";
import { createConnections } from "../../stream/connections.ts";
import { eventRoutes } from "../../stream/event-routes.ts";
import { streamRoute } from "../../stream/stream-route.ts";
import type { ApiRoute, Asked, V2Parts } from "./api-route.ts";
import { auditRoutes } from "./audit-route.ts";
import { dagRoutes } from "./dags.ts";
import { openApiDocument } from "./openapi.ts";
import { openApiPage } from "./openapi-page.ts";
import { createOverview } from "./overview.ts";
import { readParameters } from "./parameters.ts";
import { seriesRoutes } from "./series-route.ts";
import { sessionRoutes } from "./session.ts";
import { taskActionRoutes } from "./task-actions.ts";
import { taskRoutes } from "./tasks.ts";
import { workerActionRoutes } from "./worker-actions.ts";
import { workerRoutes } from "./workers.ts";

/** All but the streams, which do not end. */
export const apiRoutes: readonly ApiRoute[] = [
  ...sessionRoutes,
  ...taskRoutes,
  ...taskActionRoutes,
  ...workerRoutes,
  ...workerActionRoutes,
  ...dagRoutes,
  ...seriesRoutes,
  ...auditRoutes,
];

const described: RouteAccess = { kind: "page", action: null, refusal: "json" };

export function v2Routes(server: FastifyInstance, monitor: MonitorParts): void {
  const parts: V2Parts = { ...monitor, overview: createOverview(monitor), shown: createShown(monitor.options, monitor.logger) };
  const connections = createConnections(parts.clock);
  streamRoute(server, parts, connections);
  eventRoutes(server, parts, connections);
  for (const route of apiRoutes) {
    const config = { access: { kind: "page", action: route.action, refusal: "json" } satisfies RouteAccess };
    const url = `/api/v2${route.path.replace(/\{(\w+)\}/g, ":$1")}`;
    server.route({
      method: route.method,
      url,
      config,
      handler: async (request, reply) => sendJson(reply, await route.answerTo(readRequest(route, request), parts)),
    });
  }
  server.route({
    method: ["GET", "POST"],
    url: "/api/v2/*",
    config: { access: described },
    handler: async ({ method, params }) => {
      throw new Refusal(404, `There is no ${method} ${(params as { "*": string })["*"]} below api/v2`);
    },
  });
  const { urlPrefix } = parts.options;
  const document = openApiDocument(apiRoutes, urlPrefix === "" ? "" : `/${urlPrefix}`);
  server.get("/api/v2/openapi.json", { config: { access: described } }, async (_request, reply) => sendJson(reply, document));
  server.get("/api/v2/", { config: { access: { ...described, refusal: "text" } } }, async (_request, reply) =>
    reply.header("content-type", "text/html; charset=UTF-8").send(openApiPage(apiRoutes)),
  );
}

function readRequest(route: ApiRoute, request: FastifyRequest): Asked {
  return {
    path: request.params as Readonly<Record<string, string>>,
    query: readParameters(route.query, request.query as Readonly<Record<string, unknown>>),
    body: readParameters(route.body, route.method === "POST" ? jsonOf(request) : {}),
    // The guard lets nobody come here whom it does not know.
    asker: request.asker!,
  };
}
