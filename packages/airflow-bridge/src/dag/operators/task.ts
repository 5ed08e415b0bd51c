/** A task of the app as a task of a DAG. */
import type { Work } from "../model.ts";

/** `task`: its name on the wire */
export function taskWork(task: string): Work {
  return { kind: "task", task };
}
