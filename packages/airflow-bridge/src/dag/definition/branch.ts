/** The node of a branch: `on` puts tasks behind it, by the key under which they go on. */
import { extendNode, type Node, taskOf } from "./handle.ts";
import { connect, type TaskDraft } from "./task-draft.ts";

export interface Branch<K extends string> extends Node {
  /** These go on when `key` is chosen. Gives itself. */
  on(key: K, ...next: readonly Node[]): this;
}

/** Fills `routes`. */
export function createBranch<K extends string>(task: TaskDraft, routes: Map<string, Set<TaskDraft>>): Branch<K> {
  return extendNode(task, {
    on(key: K, ...next: readonly Node[]) {
      const route = routes.get(key) ?? new Set();
      for (const each of next) {
        const later = taskOf(each, `${task.id}.on(${JSON.stringify(key)})`);
        connect(task, later);
        route.add(later);
      }
      routes.set(key, route);
      return this;
    },
  }) as Branch<K>;
}
