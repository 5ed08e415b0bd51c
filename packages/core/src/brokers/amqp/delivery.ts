/** One message claimed from RabbitMQ, and its settlement: what follows is confirmed first, then the claim is given up. */
import type { ConsumeMessage } from "amqplib";
import type { ClaimOutcome, Delivery, Disposition, Settlement } from "../../broker.ts";
import type { Clock } from "../../clock.ts";
import { deadLetterQueue, deathHeader, deathOf, deliveriesHeader, type Envelope } from "../../envelope.ts";
import { reasonOf } from "../../errors.ts";
import { failpoint } from "../../failpoint.ts";
import type { Logger } from "../../logger.ts";
import type { BegunMarks } from "./begun-mark.ts";
import type { ClaimChannel } from "./claim-channel.ts";
import type { HandedBack } from "./handed-back.ts";
import type { HeldMessage } from "./hold/held-message.ts";
import type { Holder } from "./hold/holder.ts";
import { againAs, type Content, dueAtOf, identityOf, toEnvelope } from "./message.ts";
import type { Publisher } from "./publisher.ts";

/** What the broker knows the claim by: a tag that is good for one life of one channel. */
export interface Claim {
  readonly channel: ClaimChannel;
  readonly tag: number;
  /** Called once when the claim has ended, settled or not. */
  release(): void;
}

export interface DeliveryTools {
  readonly publisher: Publisher;
  readonly marks: BegunMarks;
  readonly handedBack: HandedBack;
  readonly clock: Clock;
  readonly logger: Logger;
  /** false while the consumer is paused or closing, or after the queue was cancelled: what is given back to its head will then be taken by others */
  consuming(queue: string): boolean;
  /** Where messages of long tasks are held; null: nowhere. */
  readonly holder: Holder | null;
  /** The delivery is settled or lost: nothing more will come of it. */
  over(delivery: AmqpDelivery): void;
}

/**
 * Duties: 1. answer its owner's begin and settle, once; 2. end the claim; 3. carry on under a new claim when the message comes back while its run goes on;
 * 4. when the run lasts, exchange the claim on a channel for one that outlasts it.
 */
export class AmqpDelivery implements Delivery {
  readonly queue: string;
  readonly envelope: Envelope;
  readonly deliveries: number;
  readonly redelivered: boolean;
  readonly message: ConsumeMessage;
  readonly identity: string;
  /** of a clock that only goes forward, ms */
  readonly receivedAt: number;
  readonly #tools: DeliveryTools;
  #claim: Claim;
  #state: "held" | "settling" | "over" = "held";
  #settling: Promise<unknown> = Promise.resolve();
  #begun = false;
  #held: HeldMessage | null = null;
  #moving: Promise<void> | null = null;

  constructor(
    received: { readonly queue: string; readonly message: ConsumeMessage; readonly deliveries: number },
    claim: Claim,
    tools: DeliveryTools,
  ) {
    this.queue = received.queue;
    this.message = received.message;
    this.deliveries = received.deliveries;
    this.redelivered = received.message.fields.redelivered;
    this.identity = identityOf(received.queue, received.message);
    this.envelope = toEnvelope(received.message);
    this.receivedAt = tools.clock.monotonic();
    this.#claim = claim;
    this.#tools = tools;
  }

  /** Its channel is open, or it is held, so nobody else is given it. */
  get claimed(): boolean {
    return this.#state !== "over" && (this.#held !== null || this.#claim.channel.alive);
  }

  get isHeld(): boolean {
    return this.#held !== null;
  }

  /** It is, or will be in a moment, no delivery on its channel any more. */
  get hasLeft(): boolean {
    return this.#held !== null || this.#moving !== null;
  }

  /** Moves the message where the end of its channel does not matter, unless it is there. Never rejects: where that fails it stays as it was. */
  hold(holder: Holder, makeRoom: () => Promise<void>): Promise<void> {
    if (this.hasLeft || this.#state !== "held" || !this.claimed) return Promise.resolve();
    // Noted before anything is done, so that there is room to be made.
    this.#moving = Promise.resolve()
      .then(() => this.#moveTo(holder, makeRoom))
      .catch((error) => this.#tools.logger.debug("The message of a long task could not be held; tried again", { reason: reasonOf(error) }))
      .finally(() => {
        this.#moving = null;
        if (this.#held === null) void makeRoom();
      });
    return this.#moving;
  }

  async #moveTo(holder: Holder, makeRoom: () => Promise<void>): Promise<void> {
    const claim = this.#claim;
    // Else the broker would send another message in place of this one, which waits for the same run to end.
    await makeRoom();
    const held = await holder.put(this.queue, this.message);
    if ((await claim.channel.acknowledge(claim.tag)) === "lost") return holder.discard(held);
    this.#held = held;
    claim.release();
  }

  async begin(): Promise<ClaimOutcome> {
    if (this.claimed && this.deliveries > 0 && !this.#begun) {
      await this.#tools.marks.set(this.identity);
      this.#begun = true;
    }
    // Its run will not begin: the message that comes back must not be taken for that of a run that goes on.
    return this.claimed ? "settled" : this.#end("lost");
  }

  settle(settlement: Settlement): Promise<ClaimOutcome> {
    if (this.#moving !== null) return this.#moving.then(() => this.settle(settlement));
    if (this.#state !== "held") return Promise.resolve("lost");
    if (!this.claimed) return Promise.resolve(this.#end("lost"));
    this.#state = "settling";
    const settling = this.#carryOut(settlement);
    this.#settling = settling;
    return settling;
  }

  async #carryOut({ publish, then }: Settlement): Promise<ClaimOutcome> {
    try {
      if (this.#held !== null && (await this.#held.take()) === null) return this.#endHeld(this.#held);
      const sent = await Promise.allSettled(publish.map((publication) => this.#tools.publisher.publish(publication)));
      for (const each of sent) if (each.status === "rejected") throw each.reason;
      failpoint("settle.published");
      return this.#end(await this.#dispose(then));
    } catch (error) {
      await this.#held?.putBack();
      this.#state = "held";
      throw error;
    }
  }

  /** It is not where it was held: removed by an attempt whose answer did not come, or given to somebody else. */
  #endHeld(held: HeldMessage): ClaimOutcome {
    void this.#tools.holder?.over(held);
    return this.#end(held.isRemoving ? "settled" : "lost");
  }

  /**
   * Uncounted and back into the queue for whoever comes, unless a settlement under way ends it: when the consumer closes, and for what was never handed
   * to the owner. Never rejects.
   */
  async handBack(): Promise<void> {
    await this.#moving;
    while (this.#state === "settling") await this.#settling.catch(() => {});
    if (this.#state !== "held") return;
    if (!this.claimed) return void this.#end("lost");
    this.#state = "settling";
    this.#settling = this.#returnUncounted();
    await this.#settling;
  }

  async #returnUncounted(): Promise<void> {
    try {
      if (this.#held !== null && (await this.#held.take()) === null) return void this.#endHeld(this.#held);
      this.#end(await this.#dispose({ kind: "requeue", counted: false }));
    } catch (error) {
      if (this.#held !== null) {
        // It lies there until others notice that this owner has ended.
        await this.#held.putBack();
        return void this.#end("lost");
      }
      this.#tools.logger.debug("Handing back by publishing again failed; given back as redelivered", { reason: reasonOf(error) });
      this.#end(this.#claim.channel.giveBack(this.#claim.tag));
    }
  }

  /** The run goes on, but the broker gave the message out again, to us: from now on the new claim is the one to be settled. False if it is over. */
  adopt(claim: Claim, message: ConsumeMessage): boolean {
    if (this.#held !== null && this.message.content.equals(message.content)) {
      // Its acknowledgement did not arrive before the channel ended.
      void claim.channel.acknowledge(claim.tag).then(() => claim.release());
      return true;
    }
    if (this.#state === "over" || this.claimed || !this.message.content.equals(message.content)) return false;
    this.#claim.release();
    this.#claim = claim;
    return true;
  }

  /** Nothing can settle it any more: its consumer is closed. */
  abandon(): void {
    if (this.#state === "held") this.#end("lost");
  }

  async #dispose(then: Disposition): Promise<ClaimOutcome> {
    if (then.kind === "deadLetter") {
      const death = deathOf(then, this, this.#tools.clock.now());
      return this.#replace(deadLetterQueue(this.queue), againAs(this.message, { [deathHeader]: death }));
    }
    if (then.kind === "acknowledge") return this.#acknowledge();
    const { counted, afterMs = 0 } = then;
    if (counted) {
      const again = againAs(this.message, { [deliveriesHeader]: this.deliveries + 1 });
      return this.#replace(this.queue, again, this.#tools.clock.now() + afterMs);
    }
    if (afterMs > 0) return this.#replace(this.queue, againAs(this.message, {}), this.#tools.clock.now() + afterMs);
    // What comes back redelivered is counted by whoever gets it and does not know better, so at the head only what will likely come back to us.
    if (this.#held !== null || !this.#tools.consuming(this.queue))
      return this.#replace(this.queue, againAs(this.message, {}), dueAtOf(this.message) ?? undefined);
    if (this.#begun) await this.#tools.marks.clear(this.identity);
    this.#begun = false;
    this.#tools.handedBack.remember(this.identity);
    return this.#claim.channel.giveBack(this.#claim.tag);
  }

  /** A new message takes its place: confirmed before the old one is acknowledged, for better twice than lost. */
  async #replace(queue: string, content: Content, dueAt?: number): Promise<ClaimOutcome> {
    await this.#tools.publisher.toQueue(queue, content, dueAt);
    return this.#acknowledge();
  }

  async #acknowledge(): Promise<ClaimOutcome> {
    const outcome = this.#held === null ? await this.#claim.channel.acknowledge(this.#claim.tag) : await this.#removeHeld(this.#held);
    if (this.#begun && outcome === "settled") {
      const { marks, logger } = this.#tools;
      // Best effort: a mark that stays expires, and its message is gone.
      marks.clear(this.identity).catch((error) => logger.debug("The mark of a settled run was left behind", { reason: reasonOf(error) }));
    }
    return outcome;
  }

  async #removeHeld(held: HeldMessage): Promise<ClaimOutcome> {
    await held.remove();
    void this.#tools.holder?.over(held);
    return "settled";
  }

  #end(outcome: ClaimOutcome): ClaimOutcome {
    if (this.#state === "over") return outcome;
    this.#state = "over";
    if (this.#held === null) this.#claim.release();
    this.#tools.over(this);
    return outcome;
  }
}
