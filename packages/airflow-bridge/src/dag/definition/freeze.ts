/** The model of a DAG that is drawn. */
import type { DagModel, TaskModel, TryLog } from "../model.ts";
import type { DagDraft, TaskDraft } from "./task-draft.ts";
import { inOrder } from "./task-order.ts";

/** Throws DAG_CYCLE. Nothing may be added to the draft any more. */
export function freezeDag(draft: DagDraft, options: Omit<DagModel, "id" | "tasks" | "groups" | "log">, log: TryLog | null): DagModel {
  draft.isOpen = false;
  const tasks = inOrder(draft.id, [...draft.tasks.values()]).map(freezeTask);
  return Object.freeze({
    id: draft.id,
    ...options,
    tasks: new Map(tasks.map((task) => [task.id, task])),
    groups: Object.freeze([...draft.groups.values()]),
    log,
  });
}

function freezeTask(draft: TaskDraft): TaskModel {
  const { id, group, operator, options, inputs, upstream, downstream } = draft;
  return Object.freeze({
    id,
    group,
    operator,
    upstream: Object.freeze([...upstream].map((task) => task.id)),
    downstream: Object.freeze([...downstream].map((task) => task.id)),
    options,
    inputs: Object.freeze(inputs),
    work: Object.freeze(draft.work(draft)),
  });
}
