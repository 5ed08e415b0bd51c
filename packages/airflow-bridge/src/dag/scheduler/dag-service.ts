/**
 * What `celeriac dag scheduler` runs: the scheduler, the executor that the settings name, the triggerer, and the watch over DAGs that are made of
 * rows, over the store of the app. Duties:
 * 1. open and close the store, and what hooks opened here, 2. start and stop them in the right order.
 */
import { hostname as hostnameOf } from "node:os";
import type { App } from "@celeriac/core";
import { type AppRuntime, type AppSource, createService, durationMs, type Logger, type Service } from "@celeriac/core/runtime";
import type { ChildStart } from "../child/messages.ts";
import { createCeleryExecutor } from "../executors/celery.ts";
import type { Executor } from "../executors/executor.ts";
import { createLocalExecutor } from "../executors/local.ts";
import { createSequentialExecutor } from "../executors/sequential.ts";
import { createOpenHooks, type OpenHooks } from "../hooks/open-hooks.ts";
import type { DagModel } from "../model.ts";
import { dagsOf, findDag } from "../registry.ts";
import { usualGraceMs } from "../runner/perform.ts";
import { runnerParts } from "../runner/runner-parts.ts";
import { type AppStore, openAppStore } from "../store/app-store.ts";
import type { DagStore } from "../store/store.ts";
import { createTriggerer } from "../triggerer/triggerer.ts";
import { createTriggererProcess } from "../triggerer/triggerer-process.ts";
import { createDagWatch } from "./dag-watch.ts";
import { createScheduler } from "./scheduler.ts";
import { schedulerSettings } from "./scheduler-settings.ts";

/** A child that is told to end gets so much longer than what it runs. */
const childSlackMs = 1_000;
/** What stands behind a task waits for so long at most, as nothing else tells the scheduler that it has ended. */
const celeryPollMs = 200;

export interface DagServiceParts {
  // biome-ignore lint/suspicious/noExplicitAny: any app
  readonly app: App<any>;
  readonly runtime: AppRuntime;
  /** where child processes load the app again */
  readonly source: AppSource;
  readonly logger: Logger;
  /** of the table of settings; they win over the environment */
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface DagService extends Service {
  /** Whether no run of the app's DAGs is due, queued or running, but for those of paused ones that wait. Only between start and stop. */
  isIdle(): Promise<boolean>;
}

/** Starting throws CONFIG_*, DAG_STORE_*, DAG_TRIGGERER, BROKER_*. */
export function createDagService(parts: DagServiceParts): DagService {
  let opened: AppStore | null = null;
  let hooks: OpenHooks | null = null;
  let running: readonly Service[] = [];
  const service = createService("the scheduler of DAGs", {
    async start() {
      opened = await openAppStore(parts.runtime, parts.settings);
      hooks = createOpenHooks({ clock: parts.runtime.clock, logger: parts.logger });
      const made = makeServices(parts, opened, hooks);
      for (const each of made) {
        running = [each, ...running];
        await each.start();
      }
    },
    async stop(deadlineMs) {
      // The scheduler first: what it runs may still wait for the triggerer.
      for (const each of running) await each.stop({ deadlineMs });
      await hooks?.close();
      await opened?.store.close();
    },
  });
  return Object.assign(service, {
    isIdle: () => isIdle(opened!.store, dagsOf(parts.app), parts.runtime.clock.now()),
  });
}

/** In the order of their starts. */
function makeServices(parts: DagServiceParts, opened: AppStore, hooks: OpenHooks): readonly Service[] {
  const { app, runtime, source, logger } = parts;
  const { store, url, settings } = opened;
  const { clock } = runtime;
  const hostname = hostnameOf();
  const runner = () => runnerParts({ app, runtime }, { store, hooks, settings, hostname, logger, clock, handBack: "up_for_reschedule" });
  const start: ChildStart = { source, storeUrl: url, settings, hostname };
  const { parallelism } = settings;
  const makeExecutor = (): Executor => {
    switch (settings.executor) {
      case "sequential":
        return createSequentialExecutor(runner());
      case "local":
        return createLocalExecutor({ start, killAfterMs: usualGraceMs + childSlackMs, parallelism, clock, logger });
      case "celery":
        return createCeleryExecutor({ app, store, parallelism, pollMs: celeryPollMs, clock, logger, findDag: (id) => findDag(app, id) });
    }
  };
  const schedulerParts = { store, executor: makeExecutor(), settings: schedulerSettings(settings), clock, logger, hostname };
  return [
    createDagWatch({ app, everyMs: durationMs(settings.tablesReadInterval, "tablesReadInterval"), clock, logger }),
    settings.executor === "sequential" ? createTriggerer(runner()) : createTriggererProcess({ start, clock, logger }),
    createScheduler({ ...schedulerParts, dags: () => dagsOf(app).values() }),
  ];
}

function isIdle(store: DagStore, ours: ReadonlyMap<string, DagModel>, now: number): Promise<boolean> {
  return store.read(async ({ dags, runs }) => {
    const here = (await dags.all()).filter(({ dagId }) => ours.has(dagId));
    if (here.some(({ isPaused, nextRun }) => !isPaused && nextRun !== null && nextRun.runAfter <= now)) return false;
    const isPaused = new Map(here.map((dag) => [dag.dagId, dag.isPaused]));
    const active = (await runs.countActive()).filter(({ dagId }) => isPaused.has(dagId));
    return active.every(({ dagId, queued, running }) => running === 0 && (queued === 0 || isPaused.get(dagId) === true));
  });
}
