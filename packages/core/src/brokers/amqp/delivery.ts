/** One message claimed from RabbitMQ, and its settlement: what follows is confirmed first, then the claim is given up. */
import type { ConsumeMessage } from "amqplib";
import type { Delivery, Disposition, Settlement, SettleOutcome } from "../../broker.ts";
import type { Clock } from "../../clock.ts";
import { deadLetterQueue, deathHeader, deliveriesHeader, type Envelope } from "../../envelope.ts";
import { reasonOf } from "../../errors.ts";
import { failpoint } from "../../failpoint.ts";
import type { Logger } from "../../logger.ts";
import type { BegunMarks } from "./begun-mark.ts";
import type { ClaimChannel } from "./claim-channel.ts";
import type { HandedBack } from "./handed-back.ts";
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
  /** The delivery is settled or lost: nothing more will come of it. */
  over(delivery: AmqpDelivery): void;
}

/** Duties: 1. answer its owner's begin and settle, once; 2. end the claim; 3. carry on under a new claim when the message comes back while its run goes on. */
export class AmqpDelivery implements Delivery {
  readonly queue: string;
  readonly envelope: Envelope;
  readonly deliveries: number;
  readonly redelivered: boolean;
  readonly message: ConsumeMessage;
  readonly identity: string;
  readonly #tools: DeliveryTools;
  #claim: Claim;
  #state: "held" | "settling" | "over" = "held";
  #settling: Promise<unknown> = Promise.resolve();
  #begun = false;

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
    this.#claim = claim;
    this.#tools = tools;
  }

  /** Its channel is open, so the broker gives it to nobody else. */
  get claimed(): boolean {
    return this.#state !== "over" && this.#claim.channel.alive;
  }

  async begin(): Promise<SettleOutcome> {
    if (this.claimed && this.deliveries > 0 && !this.#begun) {
      await this.#tools.marks.set(this.identity);
      this.#begun = true;
    }
    // Its run will not begin: the message that comes back must not be taken for that of a run that goes on.
    return this.claimed ? "settled" : this.#end("lost");
  }

  settle(settlement: Settlement): Promise<SettleOutcome> {
    if (this.#state !== "held") return Promise.resolve("lost");
    if (!this.claimed) return Promise.resolve(this.#end("lost"));
    this.#state = "settling";
    const settling = this.#carryOut(settlement);
    this.#settling = settling;
    return settling;
  }

  async #carryOut({ publish, then }: Settlement): Promise<SettleOutcome> {
    try {
      const sent = await Promise.allSettled(publish.map((publication) => this.#tools.publisher.publish(publication)));
      for (const each of sent) if (each.status === "rejected") throw each.reason;
      failpoint("settle.published");
      return this.#end(await this.#dispose(then));
    } catch (error) {
      this.#state = "held";
      throw error;
    }
  }

  /**
   * Uncounted and back into the queue for whoever comes, unless a settlement under way ends it: when the consumer closes, and for what was never handed
   * to the owner. Never rejects.
   */
  async handBack(): Promise<void> {
    while (this.#state === "settling") await this.#settling.catch(() => {});
    if (this.#state !== "held") return;
    if (!this.claimed) return void this.#end("lost");
    this.#state = "settling";
    this.#settling = this.#returnUncounted();
    await this.#settling;
  }

  async #returnUncounted(): Promise<void> {
    try {
      this.#end(await this.#dispose({ kind: "requeue", counted: false }));
    } catch (error) {
      this.#tools.logger.debug("Handing back by publishing again failed; given back as redelivered", { reason: reasonOf(error) });
      this.#end(this.#claim.channel.giveBack(this.#claim.tag));
    }
  }

  /** The run goes on, but the broker gave the message out again, to us: from now on the new claim is the one to be settled. False if it is over. */
  adopt(claim: Claim, message: ConsumeMessage): boolean {
    if (this.#state === "over" || this.claimed || !this.message.content.equals(message.content)) return false;
    this.#claim.release();
    this.#claim = claim;
    return true;
  }

  /** Nothing can settle it any more: its consumer is closed. */
  abandon(): void {
    if (this.#state === "held") this.#end("lost");
  }

  async #dispose(then: Disposition): Promise<SettleOutcome> {
    if (then.kind === "deadLetter") {
      const death = { reason: then.reason, queue: this.queue, at: this.#tools.clock.now() };
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
    if (!this.#tools.consuming(this.queue)) return this.#replace(this.queue, againAs(this.message, {}), dueAtOf(this.message) ?? undefined);
    if (this.#begun) await this.#tools.marks.clear(this.identity);
    this.#begun = false;
    this.#tools.handedBack.remember(this.identity);
    return this.#claim.channel.giveBack(this.#claim.tag);
  }

  /** A new message takes its place: confirmed before the old one is acknowledged, for better twice than lost. */
  async #replace(queue: string, content: Content, dueAt?: number): Promise<SettleOutcome> {
    await this.#tools.publisher.toQueue(queue, content, dueAt);
    return this.#acknowledge();
  }

  async #acknowledge(): Promise<SettleOutcome> {
    const outcome = await this.#claim.channel.acknowledge(this.#claim.tag);
    if (this.#begun && outcome === "settled") {
      const { marks, logger } = this.#tools;
      // Best effort: a mark that stays expires, and its message is gone.
      marks.clear(this.identity).catch((error) => logger.debug("The mark of a settled run was left behind", { reason: reasonOf(error) }));
    }
    return outcome;
  }

  #end(outcome: SettleOutcome): SettleOutcome {
    if (this.#state === "over") return outcome;
    this.#state = "over";
    this.#claim.release();
    this.#tools.over(this);
    return outcome;
  }
}
