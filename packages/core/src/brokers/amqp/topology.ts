/** Makes sure, once per connection, that queues, exchanges, bindings and Celery's delay exchanges exist; what exists is taken as it is. */
import type { Channel, Options } from "amqplib";
import { operationFailure, replyCode, replyCodeOf } from "../../amqp/failure.ts";
import { fieldTable } from "../../amqp/field-table.ts";
import type { Link } from "../../amqp/link.ts";
import { deadLetterQueue } from "../../envelope.ts";
import { BrokerError, PublishError, reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import type { Binding, QueueDeclaration, QueueTable } from "../../queue-table.ts";
import { type AdoptionParts, adopt } from "./adoption.ts";
import { bindToDelays, declareDelays } from "./delay.ts";

export interface Topology {
  /** true when `queue` is known to exist */
  knows(queue: string): boolean;
  /** Adopts the queue with whatever arguments it has, or declares it; binds it where its declaration says so. Throws BROKER_REFUSED, BROKER_UNREACHABLE. */
  queue(queue: string): Promise<void>;
  /** As `queue`, and leads Celery's delay exchanges to it. */
  delayedQueue(queue: string): Promise<void>;
  /** Declares it with the queues that are declared for it. Throws PUBLISH_UNROUTABLE when nothing is, and there is no such exchange. */
  exchange(exchange: string): Promise<void>;
  /** After the broker returned a message: what was known of its way is forgotten. */
  forget(name: string): void;
}

export interface TopologyOptions extends AdoptionParts {
  readonly queues: QueueTable;
}

export function createTopology(link: Link, options: TopologyOptions): Topology {
  const queues = onceEach((queue) => declareQueue(link, options.queues.declaration(queue), options));
  const exchanges = onceEach(async (exchange) => {
    const bound = options.queues.boundTo(exchange);
    await Promise.all(bound.map(({ name }) => queues.done(name)));
    if (bound.length === 0) await checkExchange(link, exchange);
  });
  const delays = onceEach(() => declareDelays(link));
  const bindings = onceEach(async (queue) => {
    await Promise.all([queues.done(queue), delays.done("")]);
    await bindToDelays(link, queue);
  });
  return {
    knows: queues.knows,
    queue: queues.done,
    delayedQueue: bindings.done,
    exchange: exchanges.done,
    forget(name) {
      for (const known of [queues, exchanges, bindings]) known.forget(name);
      for (const { name: queue } of options.queues.boundTo(name)) queues.forget(queue);
      delays.forget("");
    },
  };
}

/** Does something once for each name; who asks meanwhile waits for the same attempt, a failed one is tried again by the next. */
function onceEach(work: (name: string) => Promise<void>) {
  const known = new Set<string>();
  const attempts = new Map<string, Promise<void>>();
  return {
    knows: (name: string) => known.has(name),
    forget: (name: string) => void known.delete(name),
    done(name: string): Promise<void> {
      if (known.has(name)) return Promise.resolve();
      const running = attempts.get(name);
      if (running !== undefined) return running;
      const attempt = work(name)
        .then(() => void known.add(name))
        .finally(() => attempts.delete(name));
      attempts.set(name, attempt);
      return attempt;
    },
  };
}

async function declareQueue(link: Link, declaration: QueueDeclaration, parts: AdoptionParts): Promise<void> {
  const { name, kind } = declaration;
  // RabbitMQ would take it for the wish for a queue with a name of its own choice.
  if (name === "") throw new BrokerError("BROKER_REFUSED", "A queue has no name: expected one");
  if (kind === "broadcast") return await declareExchanges(link, declaration);
  try {
    if (await exists(link, (channel) => channel.checkQueue(name))) {
      await adopt(link, declaration, parts);
      if (kind === "undeclared") return;
    } else await link.aside((channel) => channel.assertQueue(name, queueOptions(declaration)));
    await declareDeadLetters(link, declaration);
  } catch (error) {
    throw operationFailure(error, `declare the queue ${name}`);
  }
  if (kind === "undeclared") await bindToItsName(link, declaration, parts.logger);
  else await bindAsDeclared(link, declaration);
}

/** Who may not make a binding that others have made goes without: a message that finds no queue comes back. */
async function tolerating(link: Link, exchange: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (replyCodeOf(error) !== replyCode.accessRefused || !(await exists(link, (channel) => channel.checkExchange(exchange)))) throw error;
  }
}

/** Who sends a broadcast needs no queue. */
async function declareExchanges(link: Link, { name, bindings }: QueueDeclaration): Promise<void> {
  try {
    for (const binding of bindings)
      await tolerating(link, binding.exchange, () => link.aside((channel) => assertExchange(channel, binding)));
  } catch (error) {
    throw operationFailure(error, `declare the exchange of ${name}`);
  }
}

/** What RabbitMQ itself takes out of the queue would be gone, were there no queue for it. */
async function declareDeadLetters(link: Link, { name, arguments: wanted }: QueueDeclaration): Promise<void> {
  const { "x-dead-letter-exchange": exchange, "x-dead-letter-routing-key": queue, "x-queue-type": type } = wanted;
  if (exchange !== "" || queue !== deadLetterQueue(name)) return;
  if (await exists(link, (channel) => channel.checkQueue(queue))) return;
  await link.aside((channel) => channel.assertQueue(queue, { durable: true, arguments: fieldTable({ "x-queue-type": type }) }));
}

function queueOptions({ arguments: wanted }: QueueDeclaration): Options.AssertQueue {
  return { durable: true, arguments: fieldTable(wanted) };
}

/** Without one of them messages would not come: an exchange of another type is an error that names both. */
async function bindAsDeclared(link: Link, { name, bindings }: QueueDeclaration): Promise<void> {
  try {
    for (const binding of bindings) await tolerating(link, binding.exchange, () => link.aside((channel) => bind(channel, name, binding)));
  } catch (error) {
    throw operationFailure(error, `bind the queue ${name}`);
  }
}

async function bindToItsName(link: Link, { name, bindings: [own] }: QueueDeclaration, logger: Logger): Promise<void> {
  try {
    await link.aside((channel) => bind(channel, name, own));
  } catch (error) {
    // An exchange of another type may have the name; messages reach the queue without it.
    if (replyCodeOf(error) === null) throw operationFailure(error, `bind the queue ${name}`);
    logger.warn("RabbitMQ refused the exchange that Celery declares beside a queue", { queue: name, reason: reasonOf(error) });
  }
}

async function bind(channel: Channel, queue: string, binding: Binding): Promise<void> {
  await assertExchange(channel, binding);
  await channel.bindQueue(queue, binding.exchange, binding.routingKey, fieldTable(binding.arguments));
}

/** The broker's own exchanges are there already, and nobody else may declare them. */
async function assertExchange(channel: Channel, { exchange, exchangeType }: Binding): Promise<void> {
  if (!exchange.startsWith("amq.")) await channel.assertExchange(exchange, exchangeType, { durable: true });
}

async function checkExchange(link: Link, exchange: string): Promise<void> {
  let found: boolean;
  try {
    found = await exists(link, (channel) => channel.checkExchange(exchange));
  } catch (error) {
    throw operationFailure(error, `look for the exchange ${exchange}`);
  }
  if (!found) throw new PublishError("PUBLISH_UNROUTABLE", `No queue takes the message: there is no exchange ${exchange}`);
}

/** A passive declaration, aside: that the thing is missing closes the channel. */
async function exists(link: Link, check: (channel: Channel) => Promise<unknown>): Promise<boolean> {
  try {
    await link.aside(check);
    return true;
  } catch (error) {
    if (replyCodeOf(error) === replyCode.notFound) return false;
    throw error;
  }
}
