/** A task while its DAG is being built, and the edges between them. What the builder collects here, `freeze.ts` makes the model of. */
import { CeleriacError } from "@celeriac/core/runtime";
import type { GroupModel, TaskModelOptions, Work } from "../model.ts";
import type { Input } from "./input.ts";

export interface DagDraft {
  readonly id: string;
  /** in the order of the code */
  readonly tasks: Map<string, TaskDraft>;
  readonly groups: Map<string, GroupModel>;
  /** false: its function has returned, and nothing may be added */
  isOpen: boolean;
}

export interface TaskDraft {
  readonly dag: DagDraft;
  readonly id: string;
  readonly group: string | null;
  readonly operator: string;
  readonly options: TaskModelOptions;
  readonly inputs: readonly Input[];
  readonly upstream: Set<TaskDraft>;
  readonly downstream: Set<TaskDraft>;
  /** Called once all edges are there. */
  readonly work: (task: TaskDraft) => Work;
}

/** Throws DAG_DEFINITION between two DAGs, and for a DAG that is built. */
export function connect(earlier: TaskDraft, later: TaskDraft): void {
  if (earlier.dag !== later.dag)
    throw new CeleriacError(
      "DAG_DEFINITION",
      `${earlier.id} is a task of the DAG ${earlier.dag.id}, and ${later.id} one of ${later.dag.id}: edges are within a DAG; d.trigger() starts another`,
    );
  requireOpen(later.dag);
  earlier.downstream.add(later);
  later.upstream.add(earlier);
}

/** Throws DAG_DEFINITION. */
export function requireOpen(dag: DagDraft): void {
  if (!dag.isOpen)
    throw new CeleriacError(
      "DAG_DEFINITION",
      `The DAG ${dag.id} is built: tasks and edges are made while its function runs, before it returns`,
    );
}

/** All that stands behind these, however far. */
export function descendantsOf(tasks: Iterable<TaskDraft>): ReadonlySet<TaskDraft> {
  const found = new Set<TaskDraft>();
  const open = [...tasks];
  for (let task = open.pop(); task !== undefined; task = open.pop()) {
    for (const next of task.downstream) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
}
