/** What an exchange does, for the brokers whose store has none (SQLite, memory): which of the queues bound to it get a message. */
import { BrokerError, ConfigError, PublishError } from "./errors.ts";
import { directExchange, directQueue, type QueueDeclaration, type QueueTable } from "./queue-table.ts";
import { matchesTopic } from "./topic.ts";

/** A binding with the type of its exchange. */
export interface ExchangeBinding {
  readonly exchange: string;
  readonly type: "direct" | "topic" | "fanout";
  /** for topic exchanges a pattern */
  readonly routingKey: string;
  readonly queue: string;
}

/** Of the queues that an app declares. Throws CONFIG_INVALID for headers exchanges, which RabbitMQ alone has. */
export function declaredBindings(queues: QueueTable): readonly ExchangeBinding[] {
  return bindingsOf(
    queues.names.map((name) => queues.declaration(name)),
    "declared",
  );
}

/** Of those among these queues that stay when nobody consumes them any more (`declared`), or of those that do not (`copy`). Throws as `declaredBindings`. */
export function bindingsOf(declarations: readonly QueueDeclaration[], wanted: "declared" | "copy"): readonly ExchangeBinding[] {
  return declarations
    .filter(({ kind }) => kind === wanted)
    .flatMap(({ name, bindings }) =>
      bindings.map(({ exchange, exchangeType: type, routingKey }) => {
        if (type === "headers")
          throw new ConfigError("CONFIG_INVALID", `Queue ${name}: the exchange ${exchange} is of type headers, which RabbitMQ alone has`);
        return { exchange, type, routingKey, queue: name };
      }),
    );
}

/** Throws BROKER_REFUSED when the exchange is bound already, as one of another type. */
export function refuseOtherType(wanted: ExchangeBinding, bound: readonly ExchangeBinding[]): void {
  const other = bound.find(({ type }) => type !== wanted.type);
  if (other === undefined) return;
  const { exchange, queue, type } = wanted;
  throw new BrokerError("BROKER_REFUSED", `The exchange ${exchange} of queue ${queue} was wanted as ${type}, and found as ${other.type}`);
}

/** The queues, each once, that get a message of an exchange to which `bound` are all bindings. Throws PUBLISH_UNROUTABLE. */
export function ledQueues(bound: readonly ExchangeBinding[], exchange: string, routingKey: string): readonly string[] {
  // Beside every queue stands a direct exchange of its name, as Celery declares it.
  if (bound.length === 0 && exchange === routingKey) return [routingKey];
  if (bound.length === 0 && exchange === directExchange) return [directQueue(routingKey)];
  const queues = new Set(bound.filter((binding) => leads(binding, routingKey)).map(({ queue }) => queue));
  if (queues.size > 0) return [...queues];
  throw new PublishError(
    "PUBLISH_UNROUTABLE",
    `No queue is bound to exchange ${JSON.stringify(exchange)} for key ${JSON.stringify(routingKey)}`,
  );
}

function leads(binding: ExchangeBinding, routingKey: string): boolean {
  switch (binding.type) {
    case "fanout":
      return true;
    case "direct":
      return binding.routingKey === routingKey;
    case "topic":
      return matchesTopic(binding.routingKey, routingKey);
  }
}
