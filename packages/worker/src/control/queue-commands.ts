/** Remote control of what a worker consumes. Texts and shapes are Celery's, which its tools read. */
import {
  BrokerError,
  CeleriacError,
  type Consumer,
  type ExchangeType,
  exchangeTypes,
  type QueueDeclaration,
  type QueueTable,
  type RemoteArguments,
} from "@celeriac/core/runtime";
import type { Commands } from "./command.ts";
import type { Desk } from "./desk.ts";

export const queueCommands: Commands<"add_consumer" | "cancel_consumer" | "active_queues"> = {
  async add_consumer({ consumer, runtime, logger }, args) {
    await consuming(consumer).add(declarationOf(runtime.queues, args));
    logger.info("consuming a queue", { queue: args.queue });
    return { ok: `add consumer ${args.queue}` };
  },
  async cancel_consumer({ consumer, logger }, { queue }) {
    await consuming(consumer).cancel(queue);
    logger.info("no longer consuming a queue", { queue });
    return { ok: `no longer consuming from ${queue}` };
  },
  active_queues: ({ consumer }) => (consumer()?.declarations ?? []).map(queueFacts),
};

function consuming(consumer: Desk["consumer"]): Consumer {
  const found = consumer();
  if (found === null) throw new BrokerError("BROKER_UNREACHABLE", "This worker consumes nothing yet: it waits for its broker");
  return found;
}

/** As in Celery what the app knows of a queue wins over what the command says. Throws CONTROL_ARGUMENTS. */
function declarationOf(queues: QueueTable, { queue, ...given }: RemoteArguments<"add_consumer">): QueueDeclaration {
  const known = queues.declaration(queue);
  const exchange = given.exchange || queue;
  const exchangeType = given.exchange_type || "direct";
  const routingKey = given.routing_key || queue;
  const isExchangeType = (type: string): type is ExchangeType => (exchangeTypes as readonly string[]).includes(type);
  if (!isExchangeType(exchangeType))
    throw new CeleriacError("CONTROL_ARGUMENTS", `add_consumer: exchange_type is one of ${exchangeTypes.join(", ")}, got ${exchangeType}`);
  const isItsOwn = exchange === queue && exchangeType === "direct" && routingKey === queue;
  if (known.kind !== "undeclared" || isItsOwn) return known;
  return { ...known, bindings: [{ exchange, exchangeType, routingKey, arguments: {} }], kind: "declared" };
}

/** As kombu's Queue.as_dict(). */
function queueFacts({ name, bindings: [first, ...others], arguments: given, kind }: QueueDeclaration) {
  return {
    name,
    exchange: exchangeFacts(first.exchange, first.exchangeType),
    routing_key: first.routingKey,
    queue_arguments: Object.keys(given).length === 0 ? null : given,
    binding_arguments: Object.keys(first.arguments).length === 0 ? null : first.arguments,
    consumer_arguments: null,
    durable: true,
    exclusive: false,
    auto_delete: kind === "copy",
    no_ack: false,
    alias: kind === "copy" ? first.exchange : null,
    bindings: others.map((binding) => ({
      exchange: exchangeFacts(binding.exchange, binding.exchangeType),
      routing_key: binding.routingKey,
      arguments: binding.arguments,
    })),
    no_declare: null,
    expires: null,
    message_ttl: null,
    max_length: null,
    max_length_bytes: null,
    max_priority: null,
  };
}

function exchangeFacts(name: string, type: ExchangeType) {
  return { name, type, arguments: null, durable: true, passive: false, auto_delete: false, delivery_mode: null, no_declare: false };
}
