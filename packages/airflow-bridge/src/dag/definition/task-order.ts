/** The order of tasks in which each stands behind all that it waits for. */
import { CeleriacError } from "@celeriac/core/runtime";
import { circleIn } from "./circle.ts";
import type { TaskDraft } from "./task-draft.ts";

/** As near to the order of the code as the edges allow. Throws DAG_CYCLE, which names the tasks of the circle. */
export function inOrder(dagId: string, tasks: readonly TaskDraft[]): readonly TaskDraft[] {
  const waitsFor = new Map(tasks.map((task) => [task, task.upstream.size]));
  const ordered = tasks.filter(({ upstream }) => upstream.size === 0);
  // Grows while it is walked.
  for (const task of ordered) {
    for (const next of task.downstream) {
      const left = waitsFor.get(next)! - 1;
      waitsFor.set(next, left);
      if (left === 0) ordered.push(next);
    }
  }
  if (ordered.length === tasks.length) return ordered;
  const circles = tasks.map((task) => circleIn(({ downstream }) => downstream, task));
  const path = circles.find((circle) => circle !== null)!.map(({ id }) => id);
  throw new CeleriacError("DAG_CYCLE", `The tasks of the DAG ${dagId} wait for each other in a circle: ${path.join(" → ")}`);
}
