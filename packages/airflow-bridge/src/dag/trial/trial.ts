/** `dag.test()`: runs a DAG here from begin to end, and tells how it went. */
import {
  type AppRuntime,
  CeleriacError,
  checkOptions,
  environmentOfProcess,
  isDate,
  isRecord,
  type OptionCheck,
  shownValue,
} from "@celeriac/core/runtime";
import { dagSettings } from "../config.ts";
import { lateConnections } from "../connections/late-connections.ts";
import { resolveInputs } from "../decision/resolve-inputs.ts";
import { type Handle, originOf } from "../definition/handle.ts";
import { createOpenHooks } from "../hooks/open-hooks.ts";
import type { DagModel } from "../model.ts";
import { runAppTask } from "../runner/run-app-task.ts";
import { manualRun } from "../runs/manual-run.ts";
import type { InstanceState } from "../states.ts";
import { type LocalRun, type LocalRunParts, runLocally } from "./local-run.ts";

export interface TrialOptions {
  /** now, unless told */
  logicalDate?: Date | undefined;
  /** over those of the DAG */
  params?: Readonly<Record<string, unknown>> | undefined;
}

export interface Trial {
  readonly state: "success" | "failed";
  /** why it failed */
  readonly reason: string | null;
  readonly instances: readonly TrialInstance[];
  /** What a task gave, of a mapped one the list. Throws DAG_NO_VALUE where the task failed or was skipped, DAG_HANDLE for a handle of another DAG. */
  value<T>(handle: Handle<T>): T;
}

export interface TrialInstance {
  readonly taskId: string;
  /** -1: not mapped */
  readonly mapIndex: number;
  readonly state: InstanceState;
  readonly tries: number;
  /** why it failed or was skipped */
  readonly reason: string | null;
}

const checks: Readonly<Record<keyof TrialOptions, OptionCheck>> = {
  logicalDate: (value) => isDate(value) && !Number.isNaN((value as Date).getTime()),
  params: isRecord,
};

export interface TrialPlace {
  readonly runtime: AppRuntime;
  readonly dags: ReadonlyMap<string, DagModel>;
}

/** Throws CONFIG_UNKNOWN, DAG_DEFINITION for options that do not fit. */
export async function tryDag(dag: DagModel, options: TrialOptions, { runtime, dags }: TrialPlace): Promise<Trial> {
  const what = `test() of the DAG ${dag.id}`;
  checkOptions(
    what,
    checks,
    options,
    (name, value) => new CeleriacError("DAG_DEFINITION", `Option ${name} of ${what} cannot be ${shownValue(value)}`),
  );
  const settings = dagSettings();
  const { maxXcomBytes, maxMapLength } = settings;
  const stored = lateConnections(runtime, settings);
  const { clock, logger } = runtime;
  const hooks = createOpenHooks({ clock, logger });
  const parts: LocalRunParts = {
    ...{ clock, logger, environment: environmentOfProcess(), stored, hooks, maxXcomBytes, maxMapLength },
    findDag: (dagId) => dags.get(dagId),
    runTask: (name, args) => runAppTask(runtime, name, args),
  };
  const run = manualRun({ dag, ...options, logicalDate: options.logicalDate?.getTime() }, clock.now());
  try {
    return trialOf(dag, await runLocally(dag, run, parts));
  } finally {
    await hooks.close();
    await stored.close();
  }
}

function trialOf(dag: DagModel, { state, reason, instances, values }: LocalRun): Trial {
  const told = instances.map(({ taskId, mapIndex, state, tryNumber: tries, reason }) => ({ taskId, mapIndex, state, tries, reason }));
  return Object.freeze({
    state,
    reason,
    instances: Object.freeze(told),
    value<T>(handle: Handle<T>): T {
      const { input, tasks } = originOf(handle) ?? { input: null, tasks: [] };
      if (input === null || tasks.some((task) => task.dag.id !== dag.id))
        throw new CeleriacError("DAG_HANDLE", `value(): expected a handle of the DAG ${dag.id}`);
      for (const { id } of tasks) refuseUnfinished(told.filter(({ taskId }) => taskId === id));
      return resolveInputs([input], values, -1)[0] as T;
    },
  });
}

/** A list of what some instances gave is none that the tests asks for; one that was skipped has no place in it. */
function refuseUnfinished(instances: readonly TrialInstance[]): void {
  const isMapped = instances.some(({ mapIndex }) => mapIndex >= 0);
  const without = instances.find(({ state }) => state !== "success" && !(isMapped && state === "skipped"));
  if (without === undefined) return;
  const { taskId, mapIndex, state, reason } = without;
  const which = mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
  throw new CeleriacError("DAG_NO_VALUE", `${which} gave nothing: it is ${state}${reason === null ? "" : `: ${reason}`}`);
}
