/**
 * What an app knows of queues: how each is bound to exchanges, and with which arguments it is declared. The router asks it where a queue's
 * messages enter, the brokers what to declare. Names are Celery's.
 */
import { isPausedTask } from "./pauses.ts";

export const exchangeTypes = ["direct", "topic", "fanout", "headers"] as const;
export type ExchangeType = (typeof exchangeTypes)[number];

/** One way from an exchange to a queue. */
export interface Binding {
  readonly exchange: string;
  readonly exchangeType: ExchangeType;
  /** for topic exchanges a pattern */
  readonly routingKey: string;
  /** RabbitMQ: what a headers exchange compares */
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface QueueDeclaration {
  readonly name: string;
  /** At least one; what is sent to the queue by its name goes by the first. */
  readonly bindings: readonly [Binding, ...Binding[]];
  /** RabbitMQ: x-max-priority and so on */
  readonly arguments: Readonly<Record<string, unknown>>;
  /**
   * `declared`: its bindings are wanted, and made also where the queue exists. `undeclared`: a name somebody made up, with an exchange of its
   * own beside it, through which nothing is sent. `broadcast`: no queue at all, but an exchange; each consumer has a `copy`, a queue that lives as long as it does.
   */
  readonly kind: "declared" | "undeclared" | "broadcast" | "copy";
}

export interface QueueTable {
  /** What a worker consumes unless told: the queues of `taskQueues`, else the default queue. */
  readonly names: readonly string[];
  /** Of any name, whoever made it up: dead letters, replies. */
  declaration(queue: string): QueueDeclaration;
  /** Throws CONFIG_QUEUE for a name that is not in `taskQueues`, nor a worker's own, where `taskCreateMissingQueues` is off. */
  require(queue: string): QueueDeclaration;
  /** The type of an exchange to which a declared queue is bound. */
  exchangeType(exchange: string): ExchangeType | undefined;
  /** The declared queues that are bound to an exchange. */
  boundTo(exchange: string): readonly QueueDeclaration[];
}

/** As Celery makes a queue that nobody declared: bound to an exchange of its name, direct unless told. */
export function undeclaredQueue(
  name: string,
  queueArguments: QueueDeclaration["arguments"] = {},
  exchangeType: ExchangeType = "direct",
): QueueDeclaration {
  const binding: Binding = { exchange: name, exchangeType, routingKey: name, arguments: {} };
  return { name, bindings: [binding], arguments: queueArguments, kind: "undeclared" };
}

/** Leads to the queues that are one worker's alone, by its node name; both named as in Celery. */
export const directExchange = "C.dq2";

export function directQueue(node: string): string {
  return `${node}.dq2`;
}

/** The worker whose queue this is; null: it is nobody's alone. */
export function directNodeOf(queue: string): string | null {
  return /^(.+@.+)\.dq2$/s.exec(queue)?.[1] ?? null;
}

/** The queue of one consumer for what is sent to a broadcast queue; a name like kombu's `bcast.<uuid>`. */
export function copyOf(broadcast: string, id: string): string {
  return `bcast.${id}.${broadcast}`;
}

/** The broadcast queue of which this is a consumer's copy; null: it is none. */
export function broadcastOf(queue: string): string | null {
  return /^bcast\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(.+)$/s.exec(queue)?.[1] ?? null;
}

/** Each once, in order, without consumers' copies of broadcasts. */
export function queueNames(names: Iterable<string>): readonly string[] {
  return [...new Set(names)].filter((name) => broadcastOf(name) === null && !isPausedTask(name)).sort();
}

/** Where nothing is declared: every name is a queue. */
export const plainQueues: QueueTable = Object.freeze({
  names: [],
  declaration: (queue: string) => undeclaredQueue(queue),
  require: (queue: string) => undeclaredQueue(queue),
  exchangeType: () => undefined,
  boundTo: () => [],
});
