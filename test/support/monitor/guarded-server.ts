/** A server with one route of each kind behind the guard of a monitor, and what its audit was told. */
import { createApp } from "@celeriac/core";
import { runtimeOf, silentLogger } from "@celeriac/core/runtime";
import type { FastifyInstance } from "fastify";
import type { RouteAccess } from "../../../packages/flower/src/server/access.ts";
import type { AuditEntry } from "../../../packages/flower/src/server/history/history.ts";
import { resolveMonitorOptions } from "../../../packages/flower/src/server/options.ts";
import type { Asker } from "../../../packages/flower/src/server/security/asker.ts";
import type { Provider } from "../../../packages/flower/src/server/security/providers.ts";
import { createSecurity } from "../../../packages/flower/src/server/security/security.ts";
import { createServer } from "../../../packages/flower/src/server/server.ts";
import { createFakeClock, type FakeClock } from "../fake-clock.ts";

export interface GuardedServer extends AsyncDisposable {
  readonly server: FastifyInstance;
  readonly audited: AuditEntry[];
  readonly clock: FakeClock;
}

const routes: readonly (readonly [method: "GET" | "POST", url: string, access: RouteAccess])[] = [
  ["GET", "/healthcheck", { kind: "probe", action: null, refusal: "text" }],
  ["GET", "/metrics", { kind: "metrics", action: null, refusal: "text" }],
  ["GET", "/", { kind: "page", action: null, refusal: "text" }],
  ["GET", "/api/workers", { kind: "api", action: null, refusal: "text" }],
  ["GET", "/api/tasks", { kind: "api", action: null, refusal: "empty" }],
  ["POST", "/api/task/send-task/*", { kind: "api", action: "apply", refusal: "empty" }],
  ["POST", "/api/task/revoke/*", { kind: "api", action: "revoke", refusal: "text" }],
  ["POST", "/api/worker/shutdown/*", { kind: "api", action: "shutdown", refusal: "text" }],
  ["GET", "/api/v2/tasks", { kind: "page", action: null, refusal: "json" }],
  ["POST", "/api/v2/tasks/:uuid/revoke", { kind: "page", action: "revoke", refusal: "json" }],
  ["GET", "/api/v2/stream", { kind: "page", action: null, refusal: "json", isStream: true }],
];

export async function guardedServer(options: Readonly<Record<string, unknown>> = {}, provider?: Provider): Promise<GuardedServer> {
  const clock = createFakeClock();
  const audited: AuditEntry[] = [];
  const app = createApp("guarded", { broker: "memory://guarded" });
  const shared = { options: resolveMonitorOptions({ persistent: false, ...options }), clock, logger: silentLogger };
  const security = createSecurity({ ...shared, note: async (entry) => void audited.push(entry) }, provider);
  const server = createServer({ app, runtime: runtimeOf(app)!, ...shared, security }, [
    (below) => {
      for (const [method, url, access] of routes)
        below.route({
          method,
          url,
          config: { access },
          handler: async (request) => ({ asker: request.asker satisfies Asker | null, logins: security.logins }),
        });
    },
  ]);
  await server.ready();
  return { server, audited, clock, [Symbol.asyncDispose]: () => server.close() };
}
