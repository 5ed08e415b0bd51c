/**
 * What an app knows of queues: how each is bound to exchanges, and with which arguments it is declared. The router asks it where a queue's
 * messages enter, the brokers what to declare. Names are Celery's.
 */

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
  /** Its bindings are wanted, and made also where the queue exists. False: a name that nobody declared, with an exchange of its own beside it. */
  readonly isDeclared: boolean;
}

export interface QueueTable {
  /** What a worker consumes unless told: the queues of `taskQueues`, else the default queue. */
  readonly names: readonly string[];
  /** Of any name, whoever made it up: dead letters, replies. */
  declaration(queue: string): QueueDeclaration;
  /** Throws CONFIG_QUEUE for a name that is not in `taskQueues`, where `taskCreateMissingQueues` is off. */
  require(queue: string): QueueDeclaration;
  /** The type of an exchange to which a declared queue is bound. */
  exchangeType(exchange: string): ExchangeType | undefined;
  /** The declared queues that are bound to an exchange. */
  boundTo(exchange: string): readonly QueueDeclaration[];
}

/** As Celery makes a queue that nobody declared: bound to a direct exchange of its name. */
export function undeclaredQueue(name: string, queueArguments: QueueDeclaration["arguments"] = {}): QueueDeclaration {
  const binding: Binding = { exchange: name, exchangeType: "direct", routingKey: name, arguments: {} };
  return { name, bindings: [binding], arguments: queueArguments, isDeclared: false };
}

/** Where nothing is declared: every name is a queue. */
export const plainQueues: QueueTable = Object.freeze({
  names: [],
  declaration: undeclaredQueue,
  require: undeclaredQueue,
  exchangeType: () => undefined,
  boundTo: () => [],
});
