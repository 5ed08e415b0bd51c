/** The setting `taskQueues`: how it is written and checked. What it means together with the other settings is `declared-queues.ts`'s. */
import { ConfigError } from "./errors.ts";
import { isFlag, isRecord, isText, type OptionCheck } from "./option-check.ts";
import { type ExchangeType, exchangeTypes } from "./queue-table.ts";
import { camelCase, type Setting, shownValue, unknownName } from "./setting.ts";

/** One way from an exchange to a queue. */
export interface BindingOptions {
  /** default: taskDefaultExchange */
  readonly exchange?: string | undefined;
  /** default: taskDefaultExchangeType for the default exchange, else direct; headers on RabbitMQ only */
  readonly exchangeType?: ExchangeType | undefined;
  /** what leads to the queue, for topic exchanges a pattern; default: the queue's name */
  readonly routingKey?: string | undefined;
}

export interface QueueOptions extends BindingOptions {
  /** several ways to the queue, in place of the one above; what is sent to the queue by its name goes the first */
  readonly bindings?: readonly (BindingOptions & {
    /** RabbitMQ: what a headers exchange compares */
    readonly arguments?: Readonly<Record<string, unknown>> | undefined;
  })[];
  /** Celery's Broadcast: every worker that consumes it gets a copy of each message, through a fanout exchange. What is sent while a worker is away, it misses. */
  readonly broadcast?: boolean | undefined;
  /** RabbitMQ: x-max-priority, x-queue-type, x-message-ttl, x-dead-letter-exchange and so on */
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
}

export type NamedQueue = QueueOptions & { readonly name: string };
/** A list of names and of queues with a name, or queues by name. */
export type TaskQueues = readonly (string | NamedQueue)[] | Readonly<Record<string, QueueOptions>>;

const isExchangeType = (value: unknown) => (exchangeTypes as readonly unknown[]).includes(value);
const isName = (value: unknown) => typeof value === "string";
const bindingChecks: Readonly<Record<keyof BindingOptions, OptionCheck>> = {
  exchange: isText,
  exchangeType: isExchangeType,
  routingKey: isName,
};
const queueChecks: Readonly<Record<keyof NamedQueue, OptionCheck>> = {
  name: isText,
  ...bindingChecks,
  bindings: (value) => Array.isArray(value) && value.length > 0,
  broadcast: isFlag,
  arguments: isRecord,
};
/** Celery's names that are not ours in another spelling. */
const aliases: Readonly<Record<string, string>> = { bindingKey: "routingKey", queueArguments: "arguments", bindingArguments: "arguments" };

export const taskQueuesSetting = (doc: string): Setting<TaskQueues | null> => ({
  kind: "list of names or {name, exchange, exchangeType, routingKey, bindings, broadcast, arguments}, or such queues by name",
  default: null,
  doc,
  read(value, name = "taskQueues") {
    if (value === null) return null;
    if (!Array.isArray(value) && !isRecord(value)) return undefined;
    return Object.freeze(namedEntries(value as TaskQueues).map((queue) => readQueue(queue, name)));
  },
});

/** The queues in order. */
export function namedQueues(queues: TaskQueues): readonly NamedQueue[] {
  return namedEntries(queues) as readonly NamedQueue[];
}

function namedEntries(queues: TaskQueues): readonly unknown[] {
  if (!Array.isArray(queues)) return Object.entries(queues).map(([name, queue]) => (isRecord(queue) ? { ...queue, name } : queue));
  return queues.map((queue: unknown) => (typeof queue === "string" ? { name: queue } : queue));
}

function readQueue(given: unknown, setting: string): NamedQueue {
  if (!isRecord(given)) throw new ConfigError("CONFIG_INVALID", `${setting}: a queue is a name or an object, got ${shownValue(given)}`);
  const queue = readMembers(given as object, queueChecks, setting) as unknown as NamedQueue;
  if (queue.name === undefined) throw new ConfigError("CONFIG_INVALID", `${setting}: a queue has no name: ${shownValue(given)}`);
  const what = `${setting}, queue ${queue.name}`;
  if (queue.broadcast === true && (queue.bindings !== undefined || (queue.exchangeType ?? "fanout") !== "fanout"))
    throw new ConfigError("CONFIG_INVALID", `${what}: a broadcast goes through one exchange, of type fanout`);
  if (queue.bindings === undefined) return Object.freeze(queue);
  for (const member of ["exchange", "exchangeType", "routingKey"] as const)
    if (queue[member] !== undefined)
      throw new ConfigError("CONFIG_INVALID", `${what}: ${member} stands beside bindings: write it into the bindings`);
  const bindings = queue.bindings.map((binding) => readMembers(binding, { ...bindingChecks, arguments: isRecord }, what));
  return Object.freeze({ ...queue, bindings });
}

/** Under our names; undefined counts as absent. Throws CONFIG_UNKNOWN, CONFIG_INVALID. */
function readMembers(given: object, checks: Readonly<Record<string, OptionCheck>>, what: string): Readonly<Record<string, unknown>> {
  if (!isRecord(given)) throw new ConfigError("CONFIG_INVALID", `${what}: expected an object, got ${shownValue(given)}`);
  const members: Record<string, unknown> = {};
  for (const [written, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const name = camelCase(written);
    const own = Object.hasOwn(checks, name) ? name : (aliases[name] ?? name);
    if (!Object.hasOwn(checks, own)) throw unknownName(`member of ${what}`, written, Object.keys(checks));
    if (!checks[own]!(value, written))
      throw new ConfigError("CONFIG_INVALID", `${what}: ${written} cannot be ${shownValue(value)}${expected(own)}`);
    members[own] = value;
  }
  return members;
}

function expected(member: string): string {
  return member === "exchangeType" ? `: expected ${exchangeTypes.join(", ")}` : "";
}
