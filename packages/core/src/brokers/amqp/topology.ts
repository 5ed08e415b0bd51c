/** Makes sure, once per connection, that queues and Celery's delay exchanges exist; what exists is taken as it is. */
import type { Channel, Options } from "amqplib";
import { operationFailure, replyCode, replyCodeOf } from "../../amqp/failure.ts";
import type { Link } from "../../amqp/link.ts";
import { BrokerError, PublishError, reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import { bindToDelays, declareDelays } from "./delay.ts";

export interface Topology {
  /** true when `queue` is known to exist */
  knows(queue: string): boolean;
  /** Adopts the queue with whatever arguments it has, or declares it with Celery's flags. Throws BROKER_REFUSED, BROKER_UNREACHABLE. */
  queue(queue: string): Promise<void>;
  /** As `queue`, and leads Celery's delay exchanges to it. */
  delayedQueue(queue: string): Promise<void>;
  /** Throws PUBLISH_UNROUTABLE when there is no such exchange. */
  exchange(exchange: string): Promise<void>;
  /** After the broker returned a message: what was known of its way is forgotten. */
  forget(name: string): void;
}

export interface TopologyOptions {
  /** `x-max-priority` of queues it declares; null = none, as Celery declares */
  readonly maxPriority: number | null;
  readonly logger: Logger;
}

export function createTopology(link: Link, options: TopologyOptions): Topology {
  const queues = onceEach((queue) => declareQueue(link, queue, options));
  const exchanges = onceEach((exchange) => checkExchange(link, exchange));
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

async function declareQueue(link: Link, queue: string, options: TopologyOptions): Promise<void> {
  // RabbitMQ would take it for the wish for a queue with a name of its own choice.
  if (queue === "") throw new BrokerError("BROKER_REFUSED", "A queue has no name: expected one");
  const { logger } = options;
  try {
    if (await exists(link, (channel) => channel.checkQueue(queue))) return await adopt(link, queue, options);
    await link.aside((channel) => channel.assertQueue(queue, queueOptions(options)));
  } catch (error) {
    throw operationFailure(error, `declare the queue ${queue}`);
  }
  try {
    await link.aside(async (channel) => {
      await channel.assertExchange(queue, "direct", { durable: true });
      await channel.bindQueue(queue, queue, queue);
    });
  } catch (error) {
    // An exchange of another type may have the name; messages reach the queue without it.
    if (replyCodeOf(error) === null) throw operationFailure(error, `bind the queue ${queue}`);
    logger.warn("RabbitMQ refused the exchange that Celery declares beside a queue", { queue, reason: reasonOf(error) });
  }
}

function queueOptions({ maxPriority }: TopologyOptions): Options.AssertQueue {
  return { durable: true, ...(maxPriority === null ? {} : { maxPriority }) };
}

/** A queue that exists keeps its arguments; where others are wanted, the broker's refusal names both. */
async function adopt(link: Link, queue: string, options: TopologyOptions): Promise<void> {
  if (options.maxPriority === null) return;
  try {
    await link.aside((channel) => channel.assertQueue(queue, queueOptions(options)));
  } catch (error) {
    if (replyCodeOf(error) !== replyCode.preconditionFailed) throw error;
    options.logger.warn("A queue exists with other arguments than wanted; it is used as it is", { queue, reason: reasonOf(error) });
  }
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
