/**
 * Decides where a call goes and with which priority, as Celery does: what the call says wins over its task's options, these over
 * `taskRoutes`, these over the defaults. A queue is entered straight, unless it is bound to an exchange that is not direct, or exchange and
 * routing key are named.
 */
import type { Call } from "./call.ts";
import type { Settings } from "./config.ts";
import { createQueueTable, type QueueSettings } from "./declared-queues.ts";
import type { Route } from "./envelope.ts";
import type { QueueTable } from "./queue-table.ts";
import type { TaskDefinition } from "./registry.ts";
import { createRouteLookup, type RoutedTask, type TaskRoute } from "./task-routes.ts";

export interface Routed {
  readonly route: Route;
  /** What the routes say beside it: it counts where neither call nor task says anything. */
  readonly sent: Pick<TaskRoute, "priority" | "serializer">;
}

/** Throws CONFIG_QUEUE; CONFIG_INVALID, CONFIG_UNKNOWN, and what a function of `taskRoutes` throws, for what such a function gives. */
export type Router = (call: Call, definition: TaskDefinition | undefined) => Routed;

type Destination = Pick<TaskRoute, "queue" | "exchange" | "routingKey">;

const nothing: TaskRoute = Object.freeze({});
const mostRemembered = 1_000;

/** Throws CONFIG_QUEUE for a route to a queue that is missing. */
export function createRouter(
  settings: QueueSettings & Pick<Settings, "taskRoutes">,
  queues: QueueTable = createQueueTable(settings),
): Router {
  const lookup = createRouteLookup(settings.taskRoutes, ({ queue }) => void (queue !== undefined && queues.require(queue)));
  const { taskDefaultQueue } = settings;

  /** Of queues that were asked for by name alone, as almost all are. */
  const byName = new Map<string, Route>();

  function routeTo({ queue = taskDefaultQueue, exchange, routingKey }: Destination): Route {
    if (exchange !== undefined || routingKey !== undefined) return find({ queue, exchange, routingKey });
    const known = byName.get(queue);
    if (known !== undefined) return known;
    const route = find({ queue });
    if (byName.size < mostRemembered) byName.set(queue, route);
    return route;
  }

  function find({ queue, exchange, routingKey }: Destination & { readonly queue: string }): Route {
    const { name, bindings, kind } = queues.require(queue);
    const [entrance] = bindings;
    const usual = kind === "undeclared" ? "direct" : entrance.exchangeType;
    const type = (exchange === undefined ? undefined : queues.exchangeType(exchange)) ?? usual;
    // As in Celery: half of a way through a direct exchange does not count.
    if (type === "direct" && (exchange === undefined || routingKey === undefined)) return queueRoute(name);
    return { exchange: exchange ?? entrance.exchange, routingKey: routingKey ?? entrance.routingKey };
  }

  return ({ task, args, kwargs, options }, definition) => {
    const { exchange, routingKey } = options;
    const queue = options.queue ?? definition?.options.queue;
    if (lookup === null) return { route: routeTo({ queue, exchange, routingKey }), sent: nothing };
    const found = lookup(task, args, kwargs, { ...definition?.options, ...options }, routedTask(definition)) ?? nothing;
    const destination = { queue: queue ?? found.queue, exchange: exchange ?? found.exchange, routingKey: routingKey ?? found.routingKey };
    return { route: routeTo(destination), sent: found };
  };
}

function routedTask(definition: TaskDefinition | undefined): RoutedTask | undefined {
  return definition === undefined ? undefined : { name: definition.name, options: { ...definition.options } };
}

/** Straight to a queue, through the anonymous exchange. */
export function queueRoute(queue: string): Route {
  return { exchange: "", routingKey: queue };
}
