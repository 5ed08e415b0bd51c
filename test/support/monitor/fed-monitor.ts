/** A monitor's own API, and Flower's of tasks and workers, on a history that is fed by hand: no worker, no broker but memory, no port unless it is asked for. */
import { createApp } from "@celeriac/core";
import { contentRules, type DagRuns, runtimeOf, silentLogger } from "@celeriac/core/runtime";
import type { FastifyInstance } from "fastify";
import { createActions } from "../../../packages/flower/src/server/actions/actions.ts";
import { openCluster } from "../../../packages/flower/src/server/cluster/cluster.ts";
import type { HeardMessage, History } from "../../../packages/flower/src/server/history/history.ts";
import { openHistory } from "../../../packages/flower/src/server/history/open-history.ts";
import { type MonitorOptions, resolveMonitorOptions } from "../../../packages/flower/src/server/options.ts";
import type { MonitorParts } from "../../../packages/flower/src/server/parts.ts";
import { taskRoutes } from "../../../packages/flower/src/server/routes/flower/tasks.ts";
import { workerRoutes } from "../../../packages/flower/src/server/routes/flower/workers.ts";
import { v2Routes } from "../../../packages/flower/src/server/routes/v2/routes.ts";
import { createRedactor } from "../../../packages/flower/src/server/security/redaction.ts";
import { createSecurity } from "../../../packages/flower/src/server/security/security.ts";
import { createServer } from "../../../packages/flower/src/server/server.ts";
import { heard, type ToldEvent } from "../heard.ts";

export interface FedMonitor extends AsyncDisposable {
  readonly server: FastifyInstance;
  readonly history: History;
  /** Resolves when what was told is written. */
  feed(...events: readonly ToldEvent[]): Promise<void>;
}

let number = 0;

export async function fedMonitor(options: MonitorOptions = {}, dagRuns: DagRuns | null = null): Promise<FedMonitor> {
  const app = createApp("watching", { broker: `memory://fed-${++number}` });
  const runtime = runtimeOf(app)!;
  const given = resolveMonitorOptions({ unauthenticatedApi: true, persistent: false, inspectTimeout: 50, ...options });
  const shared = { options: given, clock: runtime.clock, logger: silentLogger };
  const content = contentRules({ acceptContent: ["json"], maxMessageBytes: 1_000_000 });
  const history = await openHistory({ db: null, content, logger: silentLogger, redact: given.redact });
  const redactor = createRedactor(given.redact);
  const security = createSecurity({ ...shared, note: (entry) => history.note(entry) });
  const cluster = await openCluster({ runtime, history, logger: silentLogger, redactor, timeoutMs: given.inspectTimeout });
  const followers = new Set<(message: HeardMessage) => void>();
  const ear = {
    awaySince: null,
    heardAt: runtime.clock.now() / 1_000,
    follow(follower: (message: HeardMessage) => void) {
      followers.add(follower);
      return () => followers.delete(follower);
    },
  };
  const actions = createActions(app, runtime, given.inspectTimeout);
  const parts = { app, runtime, ...shared, redactor, history, cluster, actions, security, ear, dagRuns } as unknown as MonitorParts;
  const server = createServer(parts, [v2Routes, taskRoutes, workerRoutes]);
  await server.ready();
  return {
    server,
    history,
    async feed(...events) {
      for (const event of events) {
        history.hear(heard(event));
        for (const follower of followers) follower(heard(event));
      }
      await history.settled();
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      cluster.close();
      await history.close();
      await dagRuns?.close();
      await app.close();
    },
  };
}
