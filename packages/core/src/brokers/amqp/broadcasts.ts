/**
 * Live exchanges on RabbitMQ: what is told goes through a channel of its own, so that an exchange which somebody deletes costs no task its
 * confirmation. Who listens has an exclusive queue that ends with its connection, and another one on the next.
 */
import { randomUUID } from "node:crypto";
import type { Channel } from "amqplib";
import { type Confirms, openConfirms } from "../../amqp/confirms.ts";
import { operationFailure, replyCode, replyCodeOf } from "../../amqp/failure.ts";
import type { Link } from "../../amqp/link.ts";
import type { Session } from "../../amqp/session.ts";
import type { Broker, LiveExchange, SubscribeOptions, Subscription } from "../../broker.ts";
import type { Clock } from "../../clock.ts";
import type { DriverContext } from "../../driver.ts";
import { PublishError, reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import { toContent, toEnvelope } from "./message.ts";

export interface BroadcastParts {
  readonly publishing: Session;
  readonly consuming: Session;
  readonly context: DriverContext;
}

export function createBroadcasts({ publishing, consuming, context }: BroadcastParts): Pick<Broker, "broadcast" | "subscribe" | "close"> {
  const { clock, logger } = context;
  const subscriptions = new Set<Subscription>();
  let desk: Desk | null = null;

  /** The one on the present connection, shared by all who tell meanwhile. */
  function openDesk(): Desk {
    const { link } = publishing;
    if (link === null) throw rejected("not connected to RabbitMQ");
    if (link.blocked !== null) throw rejected(`RabbitMQ takes no publications now: ${link.blocked}`);
    if (desk?.link === link) return desk;
    const opened: Desk = { link, confirms: openConfirms(link), declared: new Map() };
    const forget = () => {
      if (desk === opened) desk = null;
    };
    opened.confirms.then((confirms) => confirms.onEnd(forget), forget);
    desk = opened;
    return opened;
  }

  async function deskFor(exchange: LiveExchange): Promise<Confirms> {
    try {
      const known = openDesk();
      await declared(known, exchange);
      return await known.confirms;
    } catch (cause) {
      if (PublishError.is(cause)) throw cause;
      const failure = operationFailure(cause, `declare the exchange ${exchange.name}`);
      throw rejected(failure.message, failure, failure.code === "BROKER_UNREACHABLE");
    }
  }

  return {
    async broadcast(exchange, routingKey, envelope) {
      // The process may have nothing else to do.
      const release = publishing.hold();
      try {
        const confirms = await deskFor(exchange);
        await confirms.send({ exchange: exchange.name, routingKey, ...toContent(envelope) });
      } finally {
        release();
      }
    },
    async subscribe(exchange, options) {
      const subscription = await openSubscription({ session: consuming, clock, logger }, exchange, options, () =>
        subscriptions.delete(subscription),
      );
      subscriptions.add(subscription);
      return subscription;
    },
    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.close()));
    },
  };
}

/** The channel on which is told, and which exchanges are known to be there. */
interface Desk {
  readonly link: Link;
  readonly confirms: Promise<Confirms>;
  readonly declared: Map<string, Promise<void>>;
}

function declared({ link, declared }: Desk, exchange: LiveExchange): Promise<void> {
  const running = declared.get(exchange.name);
  if (running !== undefined) return running;
  const attempt = declare(link, exchange);
  declared.set(exchange.name, attempt);
  attempt.catch(() => declared.delete(exchange.name));
  return attempt;
}

/** Who may not make it takes the one that others have made. */
async function declare(link: Link, { name, type, durable }: LiveExchange): Promise<void> {
  try {
    await link.aside((channel) => channel.assertExchange(name, type, { durable }));
  } catch (error) {
    if (replyCodeOf(error) !== replyCode.accessRefused) throw error;
    await link.aside((channel) => channel.checkExchange(name));
  }
}

function rejected(why: string, cause?: unknown, retryable = true): PublishError {
  return new PublishError("PUBLISH_REJECTED", `Nothing was sent: ${why}`, { cause, retryable });
}

interface EarParts {
  readonly session: Session;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Wait before it listens again on the same connection, ms. */
const retryWaitMs = 500;

async function openSubscription(
  { session, clock, logger }: EarParts,
  exchange: LiveExchange,
  options: SubscribeOptions,
  ended: () => void,
): Promise<Subscription> {
  let current: Channel | null = null;
  let closed = false;

  async function listenOn(link: Link): Promise<void> {
    await declare(link, exchange);
    const channel = await link.openChannel();
    const queue = options.queueName(randomUUID());
    await channel.assertQueue(queue, {
      exclusive: true,
      durable: false,
      autoDelete: true,
      ...(options.messageTtlMs === null ? {} : { messageTtl: options.messageTtlMs }),
      ...(options.expiresMs === null ? {} : { expires: options.expiresMs }),
    });
    await channel.bindQueue(queue, exchange.name, exchange.type === "topic" ? "#" : (options.routingKey ?? ""));
    let isGone = false;
    channel.once("close", () => {
      isGone = true;
      if (current !== channel) return;
      current = null;
      again(link);
    });
    await channel.consume(
      queue,
      (message) => {
        if (closed) return;
        if (message !== null) options.heard(toEnvelope(message), message.fields.routingKey);
        // The queue was deleted by somebody: a new channel declares another one.
        else channel.close().catch((error) => logger.debug("A channel was closed already", { reason: reasonOf(error) }));
      },
      { noAck: true },
    );
    if (isGone) throw new Error("the channel ended at once");
    current = channel;
    if (closed) await leave();
  }

  function again(link: Link): void {
    if (closed || session.link !== link || link.ended !== null) return;
    listenOn(link).then(
      () => {
        if (!closed) options.resumed?.();
      },
      (error) => {
        if (closed || link.ended !== null) return;
        logger.warn("RabbitMQ is not listened to; trying again", { exchange: exchange.name, reason: reasonOf(error) });
        clock.after(retryWaitMs, () => again(link));
      },
    );
  }

  async function leave(): Promise<void> {
    const channel = current;
    current = null;
    await channel?.close().catch((error) => logger.debug("A channel was closed already", { reason: reasonOf(error) }));
  }

  const release = session.hold();
  try {
    await listenOn(await session.connect());
  } catch (error) {
    release();
    throw operationFailure(error, `listen to the exchange ${exchange.name}`);
  }
  const unlisten = session.listen({ up: again, down() {} });
  return {
    async close() {
      if (closed) return;
      closed = true;
      unlisten();
      ended();
      await leave();
      release();
    },
  };
}
