/** The monitor: opens its rooms in order, serves, and closes them in reverse. */
import type { App } from "@celeriac/core";
import {
  type AppRuntime,
  CeleriacError,
  contentRules,
  createService,
  type DagRuns,
  durationMs,
  type Logger,
  runtimeOf,
  type Service,
  silentLogger,
} from "@celeriac/core/runtime";
import { createActions } from "./actions/actions.ts";
import { openCluster } from "./cluster/cluster.ts";
import { openEar } from "./hear.ts";
import type { History } from "./history/history.ts";
import { openHistory } from "./history/open-history.ts";
import { addressOf, listen } from "./listening.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { type MonitorOptions, type ResolvedMonitorOptions, resolveMonitorOptions } from "./options.ts";
import type { MonitorParts } from "./parts.ts";
import { createEvidence } from "./reconcile/evidence.ts";
import { createReconciling } from "./reconcile/reconciling.ts";
import { allRoutes } from "./routes/routes.ts";
import { howToOpen, type Posture } from "./security/posture.ts";
import { createRedactor } from "./security/redaction.ts";
import { withSearchLimit } from "./security/search-limit.ts";
import { createSecurity } from "./security/security.ts";
import { createServer } from "./server.ts";

/** What whoever embeds a monitor may add; the command does. */
export interface MonitorSurroundings {
  readonly logger?: Logger | undefined;
  /** DAGs and their runs; the monitor closes it */
  readonly dagRuns?: DagRuns | undefined;
}

export interface Monitor extends Service {
  /** what people open, such as "http://127.0.0.1:5555"; null until it is started */
  readonly url: string | null;
  /** closed: to this machine alone, and nothing can be changed; login: to who logs in; open: whoever reaches it may do all */
  readonly posture: Posture | null;
}

const stopLimitMs = durationMs("5s", "stop");
const purgeMs = 10_000;
const mostSearches = 5;

/** Throws CONFIG_UNKNOWN and CONFIG_INVALID for options, APP_NOT_FOUND for what is no app; start() MONITOR_LISTEN, CONFIG_FILE and CONFIG_*. */
export function createMonitor(app: App<unknown>, options: MonitorOptions = {}, surroundings: MonitorSurroundings = {}): Monitor {
  const found = runtimeOf(app);
  if (found === undefined) throw new CeleriacError("APP_NOT_FOUND", "createMonitor takes an app made by createApp");
  const runtime: AppRuntime = found;
  const given = resolveMonitorOptions(options);
  const { logger = silentLogger, dagRuns = null } = surroundings;
  /** what is to be closed, the last one first */
  const open: (() => unknown)[] = [];
  let url: string | null = null;
  let posture: Posture | null = null;

  async function openParts(): Promise<MonitorParts> {
    const { clock } = runtime;
    const history = withSearchLimit(await openHistoryOf(given, runtime, logger), mostSearches);
    open.push(() => history.close());
    open.push(() => dagRuns?.close());
    const security = createSecurity({ options: given, note: (entry) => history.note(entry), clock, logger });
    const redactor = createRedactor(given.redact);
    const timeoutMs = given.inspectTimeout;
    const ear = await openEar({ runtime, history, logger, enableEvents: given.enableEvents });
    open.push(() => ear.close());
    const cluster = await openCluster({ runtime, history, logger, redactor, timeoutMs });
    open.push(() => cluster.close());
    const { inspection, queues } = cluster;
    const metrics = createMetrics({ clock, buckets: given.taskRuntimeMetricBuckets, history, inspection, queues, ear });
    const actions = createActions(app, runtime, timeoutMs);
    return { app, runtime, options: given, logger, clock, redactor, history, ear, cluster, actions, metrics, security, dagRuns };
  }

  /** What goes on beside the requests. */
  function begin({ clock, history, ear, cluster, metrics }: MonitorParts): void {
    const unfollow = history.follow((change) => {
      ear.welcome(change.workers);
      metrics.count(change);
      cluster.heard(change);
    });
    open.push(unfollow);
    const evidence = createEvidence(runtime, given.inspectTimeout);
    const reconciling = createReconciling({ clock, history, evidence, ear, logger });
    open.push(() => reconciling.close());
    const { purgeOfflineWorkers: goneSeconds } = given;
    if (goneSeconds === null) return;
    const purging = clock.every(purgeMs, () => {
      history.forgetWorkers(goneSeconds).then(
        (names) => {
          metrics.forget(names);
          cluster.forget(names);
        },
        (error: unknown) => logger.warn("workers that are gone could not be forgotten", { error }),
      );
    });
    open.push(() => purging.cancel());
  }

  const service = createService("monitor", {
    async start() {
      try {
        const parts = await openParts();
        begin(parts);
        const server = createServer(parts, allRoutes);
        open.push(() => server.close());
        posture = parts.security.posture;
        url = await listen(server, given, addressOf(given, posture === "login"));
        logger.info("monitor-ready", { url, posture });
        if (posture === "closed") logger.warn(howToOpen, { url });
      } catch (error) {
        // Nobody has to stop a monitor that did not start.
        await close();
        throw error;
      }
    },
    async stop(deadlineMs = stopLimitMs) {
      await Promise.race([close(), runtime.clock.sleep(deadlineMs, undefined, { background: true })]);
      logger.info("monitor-stopped", {});
    },
  });

  async function close(): Promise<void> {
    for (const end of open.splice(0).reverse()) await end();
    url = null;
  }

  return Object.defineProperties({ ...service } as Monitor, {
    url: { get: () => url, enumerable: true },
    posture: { get: () => posture, enumerable: true },
  });
}

async function openHistoryOf(options: ResolvedMonitorOptions, { settings, clock }: AppRuntime, logger: Logger): Promise<History> {
  const { acceptContent, eventSerializer, maxMessageBytes } = settings;
  return await openHistory({
    db: options.persistent === false ? null : options.db,
    content: contentRules({ acceptContent: [...acceptContent, eventSerializer], maxMessageBytes }),
    logger,
    clock,
    limits: {
      tasks: options.retentionTasks,
      days: options.retentionDays,
      bytes: options.retentionBytes,
      workers: options.maxWorkers,
    },
    redact: options.redact,
  });
}
