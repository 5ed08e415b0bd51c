/** Puts a task into a DAG that is being built: its id, its place in groups, and the edges to what it is called with. */
import { CeleriacError, shownValue } from "@celeriac/core/runtime";
import type { Work } from "../model.ts";
import type { Argument } from "./argument.ts";
import { modelOptions, type NodeOptions } from "./node-options.ts";
import { connect, type DagDraft, requireOpen, type TaskDraft } from "./task-draft.ts";

export interface NewTask {
  /** without its groups */
  readonly id: string;
  readonly operator: string;
  readonly options: NodeOptions;
  readonly arguments: readonly Argument[];
  readonly work: (task: TaskDraft) => Work;
}

/** Throws DAG_DEFINITION, DAG_DUPLICATE. `defaults` of the DAG; `group`: the one that is being built, or null. */
export function addTask(dag: DagDraft, defaults: NodeOptions, group: string | null, task: NewTask): TaskDraft {
  requireOpen(dag);
  const id = placeId(dag, group, task.id, "task");
  const draft: TaskDraft = {
    dag,
    id,
    group,
    operator: task.operator,
    options: modelOptions(defaults, task.options),
    inputs: task.arguments.map(({ input }) => input),
    upstream: new Set(),
    downstream: new Set(),
    work: task.work,
  };
  for (const earlier of task.arguments.flatMap(({ tasks }) => tasks)) connect(earlier, draft);
  dag.tasks.set(id, draft);
  return draft;
}

/** The id with its groups in front, if nothing else has it. Throws DAG_DEFINITION, DAG_DUPLICATE. */
export function placeId(dag: DagDraft, group: string | null, id: string, kind: "task" | "group"): string {
  if (!/^[\p{L}\p{N}_-]+$/u.test(id))
    throw new CeleriacError(
      "DAG_DEFINITION",
      `The id of a ${kind} of the DAG ${dag.id} cannot be ${shownValue(id)}: letters, digits, _ and - are what it may have; give it another one, as the option id`,
    );
  const full = group === null ? id : `${group}.${id}`;
  if (full.length > 250) throw new CeleriacError("DAG_DEFINITION", `The id ${full} of the DAG ${dag.id} is longer than 250 characters`);
  const other = dag.tasks.has(full) ? "task" : dag.groups.has(full) ? "group" : null;
  if (other !== null)
    throw new CeleriacError(
      "DAG_DUPLICATE",
      `The DAG ${dag.id} has a ${other} ${full} already: give this ${kind} another id${kind === "task" ? `, with({ id: … })` : ""}`,
    );
  return full;
}
