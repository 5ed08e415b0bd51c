/**
 * A caller's own reply queue: once somebody asks for it, it is declared and consumed on every connection there is. It is not deleted with its
 * consumer, as Celery's is, but some time after, so that results which arrive while the caller connects again are not lost.
 */
import type { Channel, ConsumeMessage } from "amqplib";
import { replyCode, replyCodeOf } from "../amqp/failure.ts";
import type { Link } from "../amqp/link.ts";
import type { Session } from "../amqp/session.ts";
import type { DriverContext } from "../driver.ts";
import { BrokerError, reasonOf } from "../errors.ts";

export interface ReplyQueue {
  readonly name: string;
  /** Connects; resolves when it is consumed. Throws as `Session.connect`, and BROKER_REFUSED for who may have no such queue. */
  ready(): Promise<void>;
  /** Deletes it if there is a connection. Never rejects. */
  close(): Promise<void>;
}

export interface ReplyQueueOptions {
  readonly name: string;
  readonly durable: boolean;
  readonly expiresMs: number | null;
  receive(taskId: string, text: string): void;
}

const longestAwayMs = 600_000;
/** Wait before it is consumed again on the same connection, ms. */
const retryWaitMs = 500;

export function openReplyQueue(session: Session, { clock, logger, resultTextOf }: DriverContext, options: ReplyQueueOptions): ReplyQueue {
  const { name, durable } = options;
  const awayMs = Math.max(1, Math.min(options.expiresMs ?? longestAwayMs, longestAwayMs));
  let isWanted = false;
  /** on the present connection; null: not asked for yet */
  let consuming: Promise<void> | null = null;
  let closed = false;

  const unlisten = session.listen({
    up(link) {
      if (isWanted) consume(link);
    },
    down() {
      consuming = null;
    },
  });

  function consume(link: Link): Promise<void> {
    consuming = consumeOn(link);
    // ready() tells whoever asks; without anyone asking it is tried again.
    consuming.catch((error) => retry(link, error));
    return consuming;
  }

  async function consumeOn(link: Link): Promise<void> {
    const channel = await link.openChannel();
    let [consumes, ended] = [false, false];
    channel.on("close", () => {
      ended = true;
      // Before that the failure is this function's to tell.
      if (consumes) retry(link, null);
    });
    await channel.assertQueue(name, { durable, autoDelete: false, expires: awayMs });
    await channel.consume(name, (message) => receive(channel, message), { noAck: true });
    consumes = true;
    if (ended) throw new BrokerError("BROKER_UNREACHABLE", "The channel of the reply queue ended at once");
  }

  function receive(channel: Channel, message: ConsumeMessage | null): void {
    if (message === null) {
      // The queue was deleted by somebody: a new channel declares it anew.
      channel.close().catch((error) => logger.debug("The channel of the reply queue was closed already", { reason: reasonOf(error) }));
      return;
    }
    const taskId: unknown = message.properties.correlationId;
    if (typeof taskId === "string") options.receive(taskId, resultTextOf(message.content));
    else logger.debug("A reply without a task's id was dropped", { queue: name });
  }

  function retry(link: Link, error: unknown): void {
    if (closed || link.ended !== null) return;
    const fields = { queue: name, reason: error === null ? null : reasonOf(error) };
    // Whoever may have none will not be let on this connection.
    if (isForbidden(error)) {
      logger.warn("The reply queue was refused: no results arrive", fields);
      return;
    }
    logger.warn("The reply queue is not consumed; trying again", fields);
    clock.after(retryWaitMs, () => {
      if (!closed && session.link === link) void consume(link).catch(() => {});
    });
  }

  return {
    name,
    async ready() {
      const release = session.hold();
      isWanted = true;
      try {
        const link = await session.connect();
        await (consuming ?? consume(link));
      } catch (cause) {
        if (BrokerError.is(cause)) throw cause;
        const code = isForbidden(cause) ? "BROKER_REFUSED" : "BROKER_UNREACHABLE";
        throw new BrokerError(code, `The reply queue could not be declared: ${reasonOf(cause)}`, { cause });
      } finally {
        release();
      }
    },
    async close() {
      closed = true;
      unlisten();
      if (!isWanted) return;
      await session.link
        ?.aside((channel) => channel.deleteQueue(name))
        .catch((error) => logger.debug("The reply queue was left to expire", { queue: name, reason: reasonOf(error) }));
    },
  };
}

function isForbidden(error: unknown): boolean {
  return replyCodeOf(error) === replyCode.accessRefused;
}
