/** `dag()`: a DAG of an app, as its author makes it. */
import type { App } from "@celeriac/core";
import { type AppRuntime, CeleriacError, runtimeOf } from "@celeriac/core/runtime";
import { registerRunTask } from "../executors/run-task.ts";
import { dagsOf, registerDag } from "../registry.ts";
import type { DagRun, TriggerRunOptions } from "../runs/requested-run.ts";
import type { Trial, TrialOptions } from "../trial/trial.ts";
import type { DagBuilder } from "./builder.ts";
import type { DagOptions } from "./dag-options.ts";
import { type DrawnDag, drawDag } from "./draw-dag.ts";
import type { Node } from "./handle.ts";

export interface Dag {
  readonly id: string;
  /** each behind all that it waits for */
  readonly nodes: readonly Node[];
  /** Makes a run, which a scheduler takes up. Throws DAG_UNKNOWN where none has seen the DAG yet, DAG_RUN_EXISTS, DAG_STORE_*, CONFIG_UNKNOWN. */
  trigger(o?: TriggerRunOptions): Promise<DagRun>;
  /**
   * Runs the whole DAG here, and what it triggers, one task after the other, without queue or store: for tests and examples. Time between tries and
   * between looks of a sensor is passed over. Resolves when a task has failed, too. Throws CONFIG_UNKNOWN.
   */
  test(o?: TrialOptions): Promise<Trial>;
}

/**
 * `build` is synchronous and runs at load, in every process that loads the app; it must not do I/O. Throws DAG_DEFINITION, DAG_DUPLICATE, DAG_CYCLE,
 * DAG_HANDLE, SCHEDULE_INVALID, CONFIG_UNKNOWN, CONFIG_DURATION; the app then has no such DAG.
 */
// biome-ignore lint/suspicious/noExplicitAny: any app
export function dag(app: App<any>, id: string, o: DagOptions, build: (d: DagBuilder) => void): Dag {
  const runtime = requireRuntime(app, "dag(app, id, options, build)");
  const drawn = drawDag(id, o, build, { appZone: runtime.settings.timezone, log: null });
  registerDag(app, drawn.model);
  registerRunTask(app);
  return createDag(app, runtime, drawn);
}

/** Throws DAG_DEFINITION for what is no app. */
export function requireRuntime(app: unknown, call: string): AppRuntime {
  const runtime = runtimeOf(app);
  if (runtime !== undefined) return runtime;
  throw new CeleriacError("DAG_DEFINITION", `${call}: expected what createApp() gave`);
}

/** What one does with a DAG of the app. */
export function createDag(app: object, runtime: AppRuntime, { model, nodes }: DrawnDag): Dag {
  return Object.freeze({
    id: model.id,
    nodes,
    // Who only draws DAGs, or reads them, loads nothing of what runs them.
    trigger: async (given: TriggerRunOptions = {}) => (await import("../runs/requested-run.ts")).requestRun(runtime, model, given),
    test: async (given: TrialOptions = {}) => (await import("../trial/trial.ts")).tryDag(model, given, { runtime, dags: dagsOf(app) }),
  });
}
