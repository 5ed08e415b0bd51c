/** The owner's side of holding: moves messages of its long tasks into queues of their own, and shows that it lives for as long as there are any. */
import { randomBytes } from "node:crypto";
import type { ConsumeMessage, Options } from "amqplib";
import { operationFailure, replyCodeOf } from "../../../amqp/failure.ts";
import { fieldTable } from "../../../amqp/field-table.ts";
import type { Link } from "../../../amqp/link.ts";
import type { Outbox } from "../../../amqp/outbox.ts";
import type { Session } from "../../../amqp/session.ts";
import { BrokerError, PublishError, reasonOf } from "../../../errors.ts";
import type { Logger } from "../../../logger.ts";
import type { QueueTable } from "../../../queue-table.ts";
import { againAs } from "../message.ts";
import { showAlive } from "./alive.ts";
import { HeldMessage } from "./held-message.ts";
import { declareTickets, sendTicket, typeOf } from "./ticket.ts";

export interface HolderParts {
  /** node name, for people who look into the broker */
  readonly worker: string;
  readonly session: Session;
  readonly outbox: Outbox;
  /** the connection of the outbox */
  readonly publishingLink: () => Link | null;
  readonly queues: QueueTable;
  readonly logger: Logger;
}

/** Longer than any task: only what everybody forgot goes back to its queue by this. */
const longestMs = 30 * 24 * 3_600_000;

export class Holder {
  readonly #parts: HolderParts;
  readonly #owner: string;
  readonly #unlisten: () => void;
  /** held, and from which queue */
  readonly #held = new Map<HeldMessage, string>();
  /** copies of messages that went back to their queue before they could be acknowledged */
  readonly #unwanted = new Set<HeldMessage>();
  /** the connection on which it is, or is being, shown that this owner lives */
  #shown: { readonly link: Link; readonly done: Promise<void> } | null = null;
  #count = 0;
  /** the connection on which nothing can be held */
  #refusedOn: Link | null = null;

  constructor(parts: HolderParts) {
    this.#parts = parts;
    this.#owner = `${Buffer.from(parts.worker).subarray(0, 150).toString()}:${randomBytes(9).toString("base64url")}`;
    this.#unlisten = parts.session.listen({ up: () => void this.look(), down() {} });
  }

  /** Not while the broker takes no publications: a run that ends meanwhile would wait for its message to have moved. */
  get mayHold(): boolean {
    const { session, publishingLink } = this.#parts;
    return session.link !== null && session.link !== this.#refusedOn && publishingLink()?.blocked === null;
  }

  /** Puts a copy where it is safe; confirmed. Rejects with BROKER_*, PUBLISH_*: then it may be there, and is removed. */
  async put(queue: string, message: ConsumeMessage): Promise<HeldMessage> {
    const { session, outbox, queues } = this.#parts;
    const { link } = session;
    if (link === null) throw new BrokerError("BROKER_UNREACHABLE", "Not connected to RabbitMQ");
    this.#count += 1;
    const held = new HeldMessage(`celeriac.held.${this.#owner}.${this.#count}`, () => session.link);
    this.#held.set(held, queue);
    try {
      await this.#show(link);
      await link.aside((channel) => channel.assertQueue(held.hold, holdOptions(queue, queues)));
      // Before the message: whoever finds a ticket without one passes it over, but nobody would find a message without a ticket.
      await sendTicket(outbox, { hold: held.hold, owner: this.#owner, queue, isOver: false });
      await outbox.send({ exchange: "", routingKey: held.hold, ...heldCopy(message) });
      return held;
    } catch (error) {
      const failure = operationFailure(error, "hold the message of a long task");
      // Somebody has deleted the queue of tickets: it is made anew.
      if (PublishError.is(error) && error.code === "PUBLISH_UNROUTABLE") this.#shown = null;
      if (replyCodeOf(error) === null) this.discard(held);
      else {
        // Nothing was put anywhere.
        this.#held.delete(held);
        this.#tellOfRefusal(link, failure);
      }
      throw failure;
    }
  }

  /** No permission, or no such queues in this RabbitMQ: nothing more is held on this connection. */
  #tellOfRefusal(link: Link, failure: BrokerError): void {
    if (this.#refusedOn === link) return;
    this.#refusedOn = link;
    this.#parts.logger.warn(
      "Long tasks cannot be held apart from the connection: one that is lost, or consumer_timeout, lets them run twice",
      {
        reason: failure.message,
      },
    );
  }

  /** Its run is settled; the message is gone. */
  async over(held: HeldMessage): Promise<void> {
    const queue = this.#held.get(held);
    this.#held.delete(held);
    if (queue === undefined) return;
    const { outbox, logger } = this.#parts;
    // Without it the ticket lies there until this owner ends.
    await sendTicket(outbox, { hold: held.hold, owner: this.#owner, queue, isOver: true }).catch((error) =>
      logger.debug("The ticket of a held message was left behind", { reason: reasonOf(error) }),
    );
  }

  /** The message itself is back in its queue: the copy is removed as soon as that can be done. */
  discard(held: HeldMessage): void {
    this.#unwanted.add(held);
    void this.look();
  }

  /** Does what could not be done before. Never rejects. */
  async look(): Promise<void> {
    const { session, logger } = this.#parts;
    const { link } = session;
    if (link === null || this.#held.size === 0) return;
    try {
      await this.#show(link);
      for (const held of [...this.#unwanted]) {
        await link.aside((channel) => channel.deleteQueue(held.hold));
        this.#unwanted.delete(held);
        await this.over(held);
      }
    } catch (error) {
      logger.debug("Holding messages of long tasks was interrupted; tried again", { reason: reasonOf(error) });
    }
  }

  close(): void {
    this.#unlisten();
  }

  /** Once for each connection: that this owner lives, and that there is a queue for its tickets. */
  #show(link: Link): Promise<void> {
    if (this.#shown?.link === link) return this.#shown.done;
    const done = Promise.all([showAlive(link, this.#owner), declareTickets(link, this.#parts.queues)]).then(() => {});
    this.#shown = { link, done };
    done.catch(() => {
      this.#shown = null;
    });
    return done;
  }
}

function holdOptions(queue: string, queues: QueueTable): Options.AssertQueue {
  return {
    durable: true,
    arguments: fieldTable({
      ...typeOf(queue, queues),
      "x-message-ttl": longestMs,
      "x-dead-letter-exchange": "",
      "x-dead-letter-routing-key": queue,
      "x-expires": longestMs + 24 * 3_600_000,
    }),
  };
}

/** Its own expiration is over as far as the broker goes: it has been taken up. */
function heldCopy(message: ConsumeMessage) {
  const { content, options } = againAs(message, {});
  const { expiration: _, ...kept } = options;
  return { content, options: { ...kept, deliveryMode: 2, mandatory: true } };
}
