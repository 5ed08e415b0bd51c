/** Makes the table of queues out of the settings: those that `taskQueues` declares, with what other settings say of them, and all other names. */
import type { Settings } from "./config.ts";
import { ConfigError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { type Binding, broadcastOf, type ExchangeType, type QueueDeclaration, type QueueTable, undeclaredQueue } from "./queue-table.ts";
import { type NamedQueue, namedQueues } from "./task-queues.ts";

export type QueueSettings = Pick<
  Settings,
  | "taskQueues"
  | "taskDefaultQueue"
  | "taskDefaultExchange"
  | "taskDefaultExchangeType"
  | "taskDefaultRoutingKey"
  | "taskCreateMissingQueues"
  | "taskQueueMaxPriority"
>;

/** Throws CONFIG_INVALID for queues that contradict each other. */
export function createQueueTable(settings: QueueSettings): QueueTable {
  const declared = new Map<string, QueueDeclaration>();
  for (const queue of wanted(settings)) {
    if (declared.has(queue.name)) throw new ConfigError("CONFIG_INVALID", `taskQueues declares the queue ${queue.name} twice`);
    declared.set(queue.name, declarationOf(queue, settings));
  }
  const bound = boundQueues(declared.values());
  const ofMissing = queueArguments({}, settings);

  const table: QueueTable = {
    names: declared.size === 0 ? [settings.taskDefaultQueue] : [...declared.keys()],
    declaration: (queue) => declared.get(queue) ?? copyDeclaration(queue, declared) ?? undeclaredQueue(queue, ofMissing),
    require(queue) {
      if (settings.taskCreateMissingQueues || table.names.includes(queue)) return table.declaration(queue);
      const near = nearest(queue, table.names);
      throw new ConfigError(
        "CONFIG_QUEUE",
        `Queue ${JSON.stringify(queue)} is not in taskQueues, and taskCreateMissingQueues is off${near === null ? "" : `: did you mean ${JSON.stringify(near)}?`}`,
      );
    },
    exchangeType: (exchange) => bound.get(exchange)?.type,
    boundTo: (exchange) => bound.get(exchange)?.queues ?? [],
  };
  return table;
}

/** The default queue is one that nobody declared, unless a setting says more of it than its name. */
function wanted(settings: QueueSettings): readonly NamedQueue[] {
  const { taskQueues, taskDefaultQueue: name, taskDefaultExchange, taskDefaultExchangeType, taskDefaultRoutingKey } = settings;
  const named = taskQueues === null ? [] : namedQueues(taskQueues);
  if (named.length > 0) return named;
  const isPlain = taskDefaultExchange === null && taskDefaultExchangeType === "direct" && taskDefaultRoutingKey === null;
  return isPlain ? [] : [{ name, routingKey: taskDefaultRoutingKey ?? name }];
}

function declarationOf(queue: NamedQueue, settings: QueueSettings): QueueDeclaration {
  const { name, bindings = [queue] } = queue;
  if (queue.broadcast === true) return broadcastDeclaration(queue, settings);
  const defaultExchange = settings.taskDefaultExchange ?? settings.taskDefaultQueue;
  const [first, ...others] = bindings.map((binding): Binding => {
    const { exchange = defaultExchange, routingKey = name } = binding;
    const usual = exchange === defaultExchange ? settings.taskDefaultExchangeType : "direct";
    const own = "arguments" in binding && binding !== queue ? binding.arguments : undefined;
    return { exchange, exchangeType: binding.exchangeType ?? usual, routingKey, arguments: own ?? {} };
  });
  return { name, bindings: [first!, ...others], arguments: queueArguments(queue.arguments ?? {}, settings), kind: "declared" };
}

/** As kombu's Broadcast: a fanout exchange of its name. */
function broadcastDeclaration({ name, exchange = name, routingKey, arguments: given = {} }: NamedQueue, settings: QueueSettings): QueueDeclaration {
  const key = routingKey ?? settings.taskDefaultRoutingKey ?? settings.taskDefaultQueue;
  const binding: Binding = { exchange, exchangeType: "fanout", routingKey: key, arguments: {} };
  return { name, bindings: [binding], arguments: queueArguments(given, settings), kind: "broadcast" };
}

/** Long enough for a consumer that has lost its connection to come back to what it missed. */
const copyExpiresMs = 5 * 60_000;

function copyDeclaration(queue: string, declared: ReadonlyMap<string, QueueDeclaration>): QueueDeclaration | undefined {
  const name = broadcastOf(queue);
  const broadcast = name === null ? undefined : declared.get(name);
  if (broadcast?.kind !== "broadcast") return undefined;
  return { ...broadcast, name: queue, arguments: { "x-expires": copyExpiresMs, ...broadcast.arguments }, kind: "copy" };
}

/** A queue's own x-max-priority wins over the setting. */
function queueArguments(given: QueueDeclaration["arguments"], { taskQueueMaxPriority }: QueueSettings): QueueDeclaration["arguments"] {
  return taskQueueMaxPriority === null ? given : { "x-max-priority": taskQueueMaxPriority, ...given };
}

/** Exchange → its type and the queues bound to it. Throws CONFIG_INVALID for an exchange of two types. */
function boundQueues(
  declared: Iterable<QueueDeclaration>,
): ReadonlyMap<string, { readonly type: ExchangeType; readonly queues: QueueDeclaration[] }> {
  const bound = new Map<string, { readonly type: ExchangeType; readonly queues: QueueDeclaration[] }>();
  for (const queue of declared) {
    for (const { exchange, exchangeType } of queue.bindings) {
      const entry = bound.get(exchange) ?? { type: exchangeType, queues: [] };
      if (entry.type !== exchangeType)
        throw new ConfigError("CONFIG_INVALID", `taskQueues gives the exchange ${exchange} two types: ${entry.type} and ${exchangeType}`);
      if (!entry.queues.includes(queue)) entry.queues.push(queue);
      bound.set(exchange, entry);
    }
  }
  return bound;
}
