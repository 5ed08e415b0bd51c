/** What routes work with: opened by the monitor, closed by it. */
import type { App } from "@celeriac/core";
import type { AppRuntime, Clock, DagRuns, Logger } from "@celeriac/core/runtime";
import type { FastifyInstance } from "fastify";
import type { Actions } from "./actions/actions.ts";
import type { Cluster } from "./cluster/cluster.ts";
import type { Ear } from "./hear.ts";
import type { History } from "./history/history.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { ResolvedMonitorOptions } from "./options.ts";
import type { Redactor } from "./security/redaction.ts";
import type { Security } from "./security/security.ts";

export interface MonitorParts {
  readonly app: App<unknown>;
  readonly runtime: AppRuntime;
  readonly options: ResolvedMonitorOptions;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly history: History;
  readonly ear: Ear;
  readonly cluster: Cluster;
  readonly actions: Actions;
  readonly metrics: Metrics;
  readonly security: Security;
  /** null: nothing here has any */
  readonly dagRuns: DagRuns | null;
}

/** A group of routes; `server` stands below the monitor's prefix. Each route says in `config.access` whom it is for. */
export type Routes = (server: FastifyInstance, parts: MonitorParts) => void;
