/** What runs task instances in a process that has loaded the app: everything around `runInstance` but the store and the hooks, which their owner opens and closes. */
import { type AppRuntime, type Clock, durationMs, environmentOfProcess, type Logger } from "@celeriac/core/runtime";
import { createRunAccess } from "../acts/trigger.ts";
import type { DagSettings } from "../config.ts";
import { resolveInputs } from "../decision/resolve-inputs.ts";
import type { OpenHooks } from "../hooks/open-hooks.ts";
import { findDag } from "../registry.ts";
import type { DagStore } from "../store/store.ts";
import { freshenDags } from "./freshen-dags.ts";
import { usualGraceMs } from "./perform.ts";
import { runAppTask } from "./run-app-task.ts";
import { readRunValues } from "./run-values.ts";
import type { RunnerParts } from "./runner.ts";

export interface AppDags {
  readonly app: object;
  readonly runtime: AppRuntime;
}

export interface RunnerPlace {
  readonly store: DagStore;
  readonly hooks: OpenHooks;
  readonly settings: Pick<DagSettings, "taskInstanceHeartbeatSec" | "maxXcomBytes" | "tablesReadInterval">;
  readonly hostname: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly handBack: RunnerParts["handBack"];
}

/** The end of a try is kept so long for a store that does not answer: a database may be restarted meanwhile. */
const endRetryMs = 600_000;

export function runnerParts({ app, runtime }: AppDags, { settings, ...place }: RunnerPlace): RunnerParts {
  const { store, clock, logger } = place;
  const heartbeatMs = durationMs(settings.taskInstanceHeartbeatSec, "taskInstanceHeartbeatSec");
  const readEveryMs = durationMs(settings.tablesReadInterval, "tablesReadInterval");
  const find = (dagId: string) => findDag(app, dagId);
  return {
    ...place,
    findDag: find,
    freshen: (places) => freshenDags(app, places, readEveryMs, logger),
    settings: { heartbeatMs, graceMs: usualGraceMs, endRetryMs, maxXcomBytes: settings.maxXcomBytes },
    environment: environmentOfProcess(),
    runs: createRunAccess({ store, clock, findDag: find }),
    async resolve(tables, dag, task, run, mapIndex) {
      return resolveInputs(task.inputs, await readRunValues(tables, task.inputs, dag, run), mapIndex);
    },
    runTask: (name, args) => runAppTask(runtime, name, args),
  };
}
