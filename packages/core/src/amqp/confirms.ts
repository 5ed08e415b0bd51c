/** A channel whose publications are confirmed: each is settled by the broker's word, or by the knowledge that there will be none. */
import type { Message, Options } from "amqplib";
import { PublishError, reasonOf } from "../errors.ts";
import type { Link } from "./link.ts";

export interface Outgoing {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  readonly options: Options.Publish;
}

export interface Confirms {
  readonly open: boolean;
  /**
   * Writes the message now, resolves when the broker has it. PUBLISH_UNROUTABLE if it was `mandatory` and no queue takes it; PUBLISH_REJECTED if the
   * broker refused it or the channel was closed before; PUBLISH_UNCERTAIN if the channel ended unanswered; PUBLISH_ENCODE if it cannot be written.
   */
  send(message: Outgoing): Promise<void>;
  onEnd(listener: () => void): void;
}

interface Pending {
  readonly message: Outgoing;
  returned: boolean;
}

/** Opens one on `link`. Rejects with what the library gave. */
export async function openConfirms(link: Link): Promise<Confirms> {
  const channel = await link.openConfirmChannel();
  const pending = new Set<Pending>();
  const endListeners: (() => void)[] = [];
  let open = true;
  let reason: unknown = null;

  // A return comes before its confirmation and names no number, so it is the oldest unanswered message that looks like it.
  channel.on("return", (message) => {
    for (const each of pending) {
      if (each.returned || !isSame(each.message, message)) continue;
      each.returned = true;
      return;
    }
  });
  channel.on("error", (error) => {
    reason = error;
  });
  channel.on("close", () => {
    open = false;
    for (const listener of endListeners) listener();
  });

  function write(message: Outgoing, resolve: () => void, reject: (error: PublishError) => void): void {
    const entry: Pending = { message, returned: false };
    const confirm = (error: unknown) => {
      pending.delete(entry);
      if (error !== null) reject(unconfirmed(error, reason));
      else if (entry.returned) reject(unroutable(message));
      else resolve();
    };
    try {
      channel.publish(message.exchange, message.routingKey, message.content, message.options, confirm);
      pending.add(entry);
    } catch (error) {
      reject(unwritten(error, open));
    }
  }

  return {
    get open() {
      return open;
    },
    send: (message) => new Promise((resolve, reject) => write(message, resolve, reject)),
    onEnd: (listener) => void endListeners.push(listener),
  };
}

function isSame({ exchange, routingKey, options }: Outgoing, { fields, properties }: Message): boolean {
  return (
    fields.exchange === exchange &&
    fields.routingKey === routingKey &&
    properties.messageId === options.messageId &&
    properties.correlationId === options.correlationId
  );
}

function unroutable({ exchange, routingKey }: Outgoing): PublishError {
  const where =
    exchange === "" ? `there is no queue ${routingKey}` : `exchange ${exchange} leads to no queue with routing key ${routingKey}`;
  return new PublishError("PUBLISH_UNROUTABLE", `No queue takes the message: ${where}`);
}

/**
 * The library says "message nacked" when the broker refused it, and "channel closed" when it never answered. A channel that the broker closed took
 * all with it that waited: one of them was the cause, and which is not said.
 */
function unconfirmed(cause: unknown, closedFor: unknown): PublishError {
  if (reasonOf(cause) === "message nacked")
    return new PublishError("PUBLISH_REJECTED", "RabbitMQ refused the message: a queue is full, or failed", { cause, retryable: true });
  const why = closedFor === null ? "" : ` (RabbitMQ closed it: ${reasonOf(closedFor)})`;
  return new PublishError("PUBLISH_UNCERTAIN", `The channel ended before RabbitMQ confirmed the message${why}: it may have it`, { cause });
}

function unwritten(cause: unknown, open: boolean): PublishError {
  return open && (cause instanceof TypeError || cause instanceof RangeError)
    ? new PublishError("PUBLISH_ENCODE", `The message cannot be written to AMQP: ${reasonOf(cause)}`, { cause })
    : new PublishError("PUBLISH_REJECTED", `The connection for publishing is closed: ${reasonOf(cause)}`, { cause, retryable: true });
}
