/** `dag()`: a DAG of an app, as its author makes it. */
import type { App } from "@celeriac/core";
import { CeleriacError, runtimeOf, shownValue } from "@celeriac/core/runtime";
import { createBuilder, type DagBuilder } from "./builder.ts";
import { type DagOptions, defaultsOf, readDagOptions } from "./dag-options.ts";
import { freezeDag } from "./freeze.ts";
import { createNode, type Node } from "./handle.ts";
import { dagsOf, registerDag } from "./registry.ts";
import type { DagRun, TriggerRunOptions } from "./requested-run.ts";
import { registerRunTask } from "./run-task.ts";
import type { DagDraft } from "./task-draft.ts";
import type { Trial, TrialOptions } from "./trial.ts";

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
  const runtime = runtimeOf(app);
  if (runtime === undefined) throw new CeleriacError("DAG_DEFINITION", "dag(app, id, options, build): expected what createApp() gave");
  if (typeof id !== "string" || id.length > 250 || !/^[\p{L}\p{N}_.-]+$/u.test(id))
    throw new CeleriacError(
      "DAG_DEFINITION",
      `The id of a DAG cannot be ${shownValue(id)}: 250 letters, digits, points, _ and - are what it may have`,
    );
  const options = readDagOptions(id, o, runtime.settings.timezone);
  const draft: DagDraft = { id, tasks: new Map(), groups: new Map(), isOpen: true };
  const returned: unknown = build(createBuilder(draft, defaultsOf(o)));
  if (isThenable(returned)) throw new CeleriacError("DAG_DEFINITION", `The function of the DAG ${id} is async: it draws the DAG at once`);
  const model = freezeDag(draft, options);
  registerDag(app, model);
  registerRunTask(app, (dagId) => dagsOf(app).get(dagId));
  const nodes = [...model.tasks.keys()].map((task) => createNode(draft.tasks.get(task)!));
  return Object.freeze({
    id,
    nodes: Object.freeze(nodes),
    // Who only draws DAGs, or reads them, loads nothing of what runs them.
    trigger: async (given: TriggerRunOptions = {}) => (await import("./requested-run.ts")).requestRun(runtime, model, given),
    test: async (given: TrialOptions = {}) => (await import("./trial.ts")).tryDag(model, given, { runtime, dags: dagsOf(app) }),
  });
}

function isThenable(value: unknown): boolean {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === "function";
}
