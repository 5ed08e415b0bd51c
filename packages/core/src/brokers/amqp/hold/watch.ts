/**
 * Gives back what dead workers held. Of all workers on a broker one watches: who is given the tickets. Whoever they name is dead when nothing has
 * shown for a while that it lives; what a worker sees of that counts from its own connection on, so no outage makes the living dead.
 */
import type { Channel, ConsumeMessage } from "amqplib";
import { replyCode, replyCodeOf } from "../../../amqp/failure.ts";
import type { Link } from "../../../amqp/link.ts";
import type { Session } from "../../../amqp/session.ts";
import type { Clock, Timer } from "../../../clock.ts";
import { deliveriesHeader } from "../../../envelope.ts";
import { reasonOf } from "../../../errors.ts";
import type { Logger } from "../../../logger.ts";
import type { QueueTable } from "../../../queue-table.ts";
import type { BegunMarks } from "../begun-mark.ts";
import type { BoundKeys } from "../bound-keys.ts";
import { againAs } from "../message.ts";
import type { Publisher } from "../publisher.ts";
import { recount } from "../recount.ts";
import { createLifeSigns } from "./alive.ts";
import { HeldMessage } from "./held-message.ts";
import { declareTickets, readTicket, type Ticket, ticketQueue } from "./ticket.ts";
import type { HoldTiming } from "./timing.ts";

export interface HoldWatchParts {
  readonly session: Session;
  readonly publishingLink: () => Link | null;
  readonly publisher: Publisher;
  readonly marks: BegunMarks;
  readonly queues: QueueTable;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timing: HoldTiming;
}

/** What is known of one held message: both tickets, as far as they have come. */
interface Entry {
  readonly ticket: Ticket;
  readonly papers: ConsumeMessage[];
  isOver: boolean;
  /** when it was first found that nothing lies there, though nobody said so */
  emptySince: number | null;
}

/** One channel's worth of watching. */
interface Desk {
  readonly channel: Channel;
  /** queue that holds → what is known of it */
  readonly entries: Map<string, Entry>;
  takenAt: number;
}

/** Looks may be so many times further apart than they ought to be. */
const longestGap = 3;

export class HoldWatch {
  readonly #parts: HoldWatchParts;
  readonly #signs: BoundKeys;
  readonly #unlisten: () => void;
  readonly #timer: Timer;
  /** owner → since when it is not seen */
  readonly #missing = new Map<string, number>();
  #desk: Desk | null = null;
  #lookedAt = 0;
  #isOpening = false;
  /** It may not be watched there: this user lacks permissions. */
  #refusedOn: Link | null = null;
  #isLooking = false;
  #isClosed = false;

  constructor(parts: HoldWatchParts) {
    this.#parts = parts;
    this.#signs = createLifeSigns(parts.publishingLink);
    this.#timer = parts.clock.every(parts.timing.watchEveryMs, () => void this.#turn());
    this.#unlisten = parts.session.listen({ up: () => void this.#open(), down: () => this.#missing.clear() });
    void this.#open();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer.cancel();
    this.#unlisten();
    const desk = this.#desk;
    this.#desk = null;
    await desk?.channel.close().catch(() => {});
  }

  async #turn(): Promise<void> {
    if (this.#desk === null) return await this.#open();
    if (this.#isLooking || this.#desk.entries.size === 0) return;
    this.#isLooking = true;
    try {
      await this.#look(this.#desk);
    } catch (error) {
      // What was not seen in the meantime is not known to be gone.
      this.#missing.clear();
      this.#parts.logger.debug("The watch over held messages was interrupted; tried again", { reason: reasonOf(error) });
    }
    this.#isLooking = false;
  }

  async #open(): Promise<void> {
    const { session, queues, clock, logger } = this.#parts;
    const { link } = session;
    if (this.#desk !== null || this.#isOpening || this.#isClosed || link === null || link === this.#refusedOn) return;
    this.#isOpening = true;
    try {
      await declareTickets(link, queues);
      const channel = await link.openChannel();
      const desk: Desk = { channel, entries: new Map(), takenAt: clock.monotonic() };
      channel.once("close", () => {
        if (this.#desk === desk) this.#desk = null;
      });
      this.#desk = desk;
      await channel.consume(ticketQueue, (message) => this.#received(desk, message));
      if (this.#isClosed) await channel.close();
    } catch (error) {
      if (replyCodeOf(error) === replyCode.accessRefused) this.#refusedOn = link;
      logger.debug("Messages that are held for long tasks are not watched over", { reason: reasonOf(error) });
    }
    this.#isOpening = false;
  }

  #received({ channel, entries }: Desk, message: ConsumeMessage | null): void {
    if (message === null) return void channel.close().catch(() => {});
    const ticket = readTicket(message);
    if (ticket === null) {
      channel.ack(message);
      return;
    }
    const entry = entries.get(ticket.hold) ?? { ticket, papers: [], isOver: false, emptySince: null };
    entries.set(ticket.hold, entry);
    entry.papers.push(message);
    entry.isOver ||= ticket.isOver;
    // The first one is sent before the second, but may have come back from another watch behind it.
    if (entry.isOver && entry.papers.length > 1) this.#file({ channel, entries }, entry);
  }

  #file({ channel, entries }: Pick<Desk, "channel" | "entries">, { ticket, papers }: Entry): void {
    entries.delete(ticket.hold);
    for (const paper of papers) channel.ack(paper);
  }

  async #look(desk: Desk): Promise<void> {
    const { clock, timing } = this.#parts;
    this.#renew(desk);
    const owners = [...new Set([...desk.entries.values()].map(({ ticket }) => ticket.owner))];
    const living = await this.#signs.of(owners);
    const now = clock.monotonic();
    // If this process was frozen, so may have been its whole machine: what it did not watch does not count.
    if (now - this.#lookedAt > longestGap * timing.watchEveryMs) this.#missing.clear();
    this.#lookedAt = now;
    for (const owner of this.#missing.keys()) if (living.has(owner) || !owners.includes(owner)) this.#missing.delete(owner);
    for (const owner of owners) if (!living.has(owner) && !this.#missing.has(owner)) this.#missing.set(owner, now);
    for (const entry of [...desk.entries.values()]) {
      const since = this.#missing.get(entry.ticket.owner);
      if (this.#desk !== desk) return;
      if (since !== undefined && now - since >= timing.goneAfterMs) await this.#giveBack(desk, entry);
    }
  }

  /** As deliveries they would end this channel one day; given back they come again at once. */
  #renew(desk: Desk): void {
    const { clock, timing } = this.#parts;
    if (clock.monotonic() - desk.takenAt < timing.renewEveryMs || this.#missing.size > 0) return;
    desk.takenAt = clock.monotonic();
    // Each for itself: one that is on its way here meanwhile would go back, too, and come to be acknowledged by a tag that is none any more.
    for (const { papers } of desk.entries.values()) for (const paper of papers) desk.channel.nack(paper, false, true);
    desk.entries.clear();
  }

  async #giveBack(desk: Desk, entry: Entry): Promise<void> {
    const { session, publisher, marks, clock, logger, timing } = this.#parts;
    const { hold, owner, queue } = entry.ticket;
    const held = new HeldMessage(hold, () => session.link);
    const message = entry.isOver ? null : await held.takeIfThere();
    if (message === "nothing") {
      // It was to be put there when its owner died, or another watch that ended has it for the moment.
      entry.emptySince ??= clock.monotonic();
      if (clock.monotonic() - entry.emptySince >= timing.goneAfterMs) this.#file(desk, entry);
      return;
    }
    if (message !== null) {
      try {
        const count = await recount(queue, message, marks);
        await publisher.toQueue(queue, againAs(message, { [deliveriesHeader]: count.now }));
        await count.clearMark();
        await held.remove();
        logger.warn("A worker is dead: the message of its long task goes back to its queue", { worker: owner, queue });
      } catch (error) {
        await held.putBack();
        throw error;
      }
    }
    this.#file(desk, entry);
  }
}
