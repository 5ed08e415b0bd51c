/** Which instances of a run an act is about. */
import { CeleriacError, nearest } from "@celeriac/core/runtime";
import type { TaskModel } from "../model.ts";
import type { InstanceRecord } from "../records.ts";

/** What acts ask of a DAG's code. */
export interface TaskGraph {
  readonly tasks: ReadonlyMap<
    string,
    Pick<TaskModel, "upstream" | "downstream"> & { readonly options: Pick<TaskModel["options"], "retries"> }
  >;
}

export interface InstanceSelection {
  /** all of the run, unless told */
  readonly taskIds?: readonly string[] | undefined;
  /** of mapped tasks: these alone */
  readonly mapIndexes?: readonly number[] | undefined;
  /** those before them, or behind them, as well, at any distance; of these all indices */
  readonly upstream?: boolean | undefined;
  readonly downstream?: boolean | undefined;
  /** of all these, failed and upstream_failed ones */
  readonly onlyFailed?: boolean | undefined;
}

/** Throws DAG_TASK_UNKNOWN for a task that neither the run nor the DAG has. */
export function selectInstances(
  instances: readonly InstanceRecord[],
  dag: TaskGraph,
  { taskIds, mapIndexes, upstream = false, downstream = false, onlyFailed = false }: InstanceSelection,
): readonly InstanceRecord[] {
  const named = new Set(taskIds ?? instances.map(({ taskId }) => taskId));
  const known = new Set([...dag.tasks.keys(), ...instances.map(({ taskId }) => taskId)]);
  for (const taskId of named) if (!known.has(taskId)) throw unknownTask(taskId, [...known]);
  const around = new Set([
    ...(upstream ? reach(named, (id) => dag.tasks.get(id)?.upstream) : []),
    ...(downstream ? reach(named, (id) => dag.tasks.get(id)?.downstream) : []),
  ]);
  return instances.filter(({ taskId, mapIndex, state }) => {
    const isNamed = named.has(taskId) && (mapIndexes === undefined || mapIndexes.includes(mapIndex));
    if (!isNamed && !(around.has(taskId) && !named.has(taskId))) return false;
    return !onlyFailed || state === "failed" || state === "upstream_failed";
  });
}

/** All that can be come to, without where it began. */
export function reach(from: ReadonlySet<string>, next: (taskId: string) => readonly string[] | undefined): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...from];
  for (let taskId = open.pop(); taskId !== undefined; taskId = open.pop())
    for (const each of next(taskId) ?? []) {
      if (found.has(each)) continue;
      found.add(each);
      open.push(each);
    }
  return found;
}

function unknownTask(taskId: string, known: readonly string[]): CeleriacError {
  const near = nearest(taskId, known);
  const hint = near === null ? "" : `: did you mean ${JSON.stringify(near)}?`;
  return new CeleriacError("DAG_TASK_UNKNOWN", `The run has no task ${JSON.stringify(taskId)}${hint}`);
}
