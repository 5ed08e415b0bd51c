/** Decides the queue of a call: its own `queue`, else the task's, else `taskRoutes` (exact name, then globs in order), else the default queue. */
import type { Settings } from "./config.ts";
import type { Route } from "./envelope.ts";

export type Router = (task: string, callQueue: string | undefined, taskQueue: string | undefined) => Route;

export function createRouter(settings: Pick<Settings, "taskDefaultQueue" | "taskRoutes">): Router {
  const globs = Object.entries(settings.taskRoutes)
    .filter(([pattern]) => pattern.includes("*"))
    .map(([pattern, { queue }]) => ({ matches: globTest(pattern), queue }));
  const routed = (task: string) => settings.taskRoutes[task]?.queue ?? globs.find(({ matches }) => matches(task))?.queue;
  return (task, callQueue, taskQueue) => queueRoute(callQueue ?? taskQueue ?? routed(task) ?? settings.taskDefaultQueue);
}

/** Straight to a queue, through the anonymous exchange. */
export function queueRoute(queue: string): Route {
  return { exchange: "", routingKey: queue };
}

function globTest(pattern: string): (name: string) => boolean {
  const source = pattern
    .split("*")
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
  const expression = new RegExp(`^${source}$`);
  return (name) => expression.test(name);
}
