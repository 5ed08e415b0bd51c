/** What routes work with: opened by the monitor, closed by it. */
import type { App } from "@celeriac/core";
import type { AppRuntime, Clock, Logger } from "@celeriac/core/runtime";
import type { FastifyInstance } from "fastify";
import type { ResolvedMonitorOptions } from "./options.ts";
import type { Security } from "./security/security.ts";

export interface MonitorParts {
  readonly app: App<unknown>;
  readonly runtime: AppRuntime;
  readonly options: ResolvedMonitorOptions;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly security: Security;
}

/** A group of routes; `server` stands below the monitor's prefix. Each route says in `config.access` whom it is for. */
export type Routes = (server: FastifyInstance, parts: MonitorParts) => void;
