/**
 * Decides where a call goes, as Celery does. Its queue: the call's own `queue`, else the task's, else `taskRoutes` (exact name, then globs
 * in order), else the default queue. Through which exchange: straight into the queue, unless that is bound to one that is not direct, or
 * the call names exchange and routing key.
 */
import type { CallOptions } from "./call.ts";
import type { Settings } from "./config.ts";
import { createQueueTable, type QueueSettings } from "./declared-queues.ts";
import type { Route } from "./envelope.ts";
import type { Binding, QueueTable } from "./queue-table.ts";
import type { TaskOptions } from "./task-options.ts";

type Named = Pick<CallOptions, "queue" | "exchange" | "routingKey">;

/** Throws CONFIG_QUEUE. */
export type Router = (task: string, call: Named, defaults: Pick<TaskOptions<readonly unknown[]>, "queue"> | undefined) => Route;

export function createRouter(
  settings: QueueSettings & Pick<Settings, "taskRoutes">,
  queues: QueueTable = createQueueTable(settings),
): Router {
  const globs = Object.entries(settings.taskRoutes)
    .filter(([pattern]) => pattern.includes("*"))
    .map(([pattern, { queue }]) => ({ matches: globTest(pattern), queue }));
  const routed = (task: string) => settings.taskRoutes[task]?.queue ?? globs.find(({ matches }) => matches(task))?.queue;
  return (task, { queue, exchange, routingKey }, defaults) => {
    const { name, bindings } = queues.require(queue ?? defaults?.queue ?? routed(task) ?? settings.taskDefaultQueue);
    const [entrance] = bindings;
    if (exchange === undefined) return entrance.exchangeType === "direct" ? queueRoute(name) : through(entrance, routingKey);
    const type = queues.exchangeType(exchange) ?? entrance.exchangeType;
    // As in Celery, which takes an exchange without a key for one that needs none only where it is not direct.
    if (type === "direct" && routingKey === undefined) return queueRoute(name);
    return { exchange, routingKey: routingKey ?? entrance.routingKey };
  };
}

function through({ exchange, routingKey }: Binding, key: string | undefined): Route {
  return { exchange, routingKey: key ?? routingKey };
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
