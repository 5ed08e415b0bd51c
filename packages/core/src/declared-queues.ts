/** Makes the table of queues out of the settings: those that `taskQueues` declares, with what other settings say of them, and all other names. */
import type { Settings } from "./config.ts";
import { deadLetterQueue, isDeadLetterQueue } from "./envelope.ts";
import { ConfigError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import {
  type Binding,
  broadcastOf,
  directExchange,
  directNodeOf,
  type ExchangeType,
  type QueueDeclaration,
  type QueueTable,
  undeclaredQueue,
} from "./queue-table.ts";
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
  | "taskDefaultQueueType"
  | "taskCreateMissingQueueType"
  | "taskCreateMissingQueueExchangeType"
  | "workerDirect"
>;

/** Throws CONFIG_INVALID for queues that contradict each other. */
export function createQueueTable(settings: QueueSettings): QueueTable {
  const declared = new Map<string, QueueDeclaration>();
  for (const queue of wanted(settings)) {
    if (declared.has(queue.name)) throw new ConfigError("CONFIG_INVALID", `taskQueues declares the queue ${queue.name} twice`);
    declared.set(queue.name, declarationOf(queue, settings));
  }
  const bound = boundQueues(declared.values());
  const ofMissing = { "x-queue-type": settings.taskCreateMissingQueueType };

  const table: QueueTable = {
    names: declared.size === 0 ? [settings.taskDefaultQueue] : [...declared.keys()],
    declaration: (queue) =>
      declared.get(queue) ??
      copyDeclaration(queue, declared) ??
      directDeclaration(queue, settings) ??
      undeclaredQueue(queue, queueArguments(queue, ofMissing, settings), settings.taskCreateMissingQueueExchangeType),
    require(queue) {
      const isThere = table.names.includes(queue) || directDeclaration(queue, settings) !== undefined;
      if (settings.taskCreateMissingQueues || isThere) return table.declaration(queue);
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
  const isDirect = taskDefaultExchange === null && taskDefaultExchangeType === "direct" && taskDefaultRoutingKey === null;
  const isPlain = isDirect && settings.taskDefaultQueueType === settings.taskCreateMissingQueueType;
  if (isPlain) return [];
  return [{ name, routingKey: taskDefaultRoutingKey ?? name, arguments: { "x-queue-type": settings.taskDefaultQueueType } }];
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
  return { name, bindings: [first!, ...others], arguments: queueArguments(name, queue.arguments ?? {}, settings), kind: "declared" };
}

/** As kombu's Broadcast: a fanout exchange of its name. */
function broadcastDeclaration(
  { name, exchange = name, routingKey, arguments: given = {} }: NamedQueue,
  settings: QueueSettings,
): QueueDeclaration {
  const key = routingKey ?? settings.taskDefaultRoutingKey ?? settings.taskDefaultQueue;
  const binding: Binding = { exchange, exchangeType: "fanout", routingKey: key, arguments: {} };
  return { name, bindings: [binding], arguments: queueArguments(name, given, settings), kind: "broadcast" };
}

/** Long enough for a consumer that has lost its connection to come back to what it missed. */
const copyExpiresMs = 5 * 60_000;

function copyDeclaration(queue: string, declared: ReadonlyMap<string, QueueDeclaration>): QueueDeclaration | undefined {
  const name = broadcastOf(queue);
  const broadcast = name === null ? undefined : declared.get(name);
  if (broadcast?.kind !== "broadcast") return undefined;
  return { ...broadcast, name: queue, arguments: { "x-expires": copyExpiresMs, ...broadcast.arguments }, kind: "copy" };
}

function directDeclaration(queue: string, settings: QueueSettings): QueueDeclaration | undefined {
  const routingKey = settings.workerDirect ? directNodeOf(queue) : null;
  if (routingKey === null) return undefined;
  const binding: Binding = { exchange: directExchange, exchangeType: "direct", routingKey, arguments: {} };
  return { name: queue, bindings: [binding], arguments: queueArguments(queue, {}, settings), kind: "declared" };
}

/** RabbitMQ counts every handing back as a delivery: its own limit must not be met before `maxDeliveries` of runs, whatever happens. */
const deliveryLimit = 100;

/**
 * What RabbitMQ is told of a queue: what is given wins, null leaves out. A classic queue is declared as Celery declares it, without its type.
 * A quorum queue knows no priorities; what its delivery limit takes away goes to the dead letters.
 */
function queueArguments(
  name: string,
  { "x-queue-type": type, ...given }: QueueDeclaration["arguments"],
  { taskQueueMaxPriority }: QueueSettings,
): QueueDeclaration["arguments"] {
  const priorities = taskQueueMaxPriority === null ? {} : { "x-max-priority": taskQueueMaxPriority };
  const own = type === "quorum" ? quorumArguments(name) : priorities;
  const ofType = type === undefined || type === "classic" ? {} : { "x-queue-type": type };
  return Object.fromEntries(Object.entries({ ...ofType, ...own, ...given }).filter(([, value]) => value !== null));
}

function quorumArguments(name: string): QueueDeclaration["arguments"] {
  const limit = { "x-delivery-limit": deliveryLimit };
  return isDeadLetterQueue(name) ? limit : { ...limit, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": deadLetterQueue(name) };
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
