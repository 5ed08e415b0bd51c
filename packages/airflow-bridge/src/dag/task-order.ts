/** The order of tasks in which each stands behind all that it waits for. */
import { CeleriacError } from "@celeriac/core/runtime";
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
  const placed = new Set(ordered);
  const circle = circleAmong(tasks.filter((task) => !placed.has(task)));
  const path = [...circle, circle[0]!].map(({ id }) => id).join(" → ");
  throw new CeleriacError("DAG_CYCLE", `The tasks of the DAG ${dagId} wait for each other in a circle: ${path}`);
}

/** Each of `left` waits for another one of them: who goes from one to the next comes by the same place twice. From the first in the code on. */
function circleAmong(left: readonly TaskDraft[]): readonly TaskDraft[] {
  const unplaced = new Set(left);
  const way: TaskDraft[] = [];
  for (let task = left[0]!; !way.includes(task); task = [...task.upstream].find((each) => unplaced.has(each))!) way.push(task);
  const closing = [...way.at(-1)!.upstream].find((each) => unplaced.has(each))!;
  const circle = way.slice(way.indexOf(closing)).reverse();
  const first = circle.indexOf(left.find((task) => circle.includes(task))!);
  return [...circle.slice(first), ...circle.slice(0, first)];
}
