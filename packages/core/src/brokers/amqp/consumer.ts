/**
 * One worker's consumption of some queues: keeps a consuming channel open through losses, counts what died, and hands deliveries to the listener.
 */
import type { ConsumeMessage } from "amqplib";
import { operationFailure, replyCode, replyCodeOf } from "../../amqp/failure.ts";
import type { Link } from "../../amqp/link.ts";
import { atMost } from "../../amqp/patience.ts";
import type { Session } from "../../amqp/session.ts";
import type { ConsumeOptions, Consumer } from "../../broker.ts";
import type { Clock, Timer } from "../../clock.ts";
import { BrokerError, reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import { broadcastOf, consumedQueues } from "../../queue-table.ts";
import { type ClaimChannel, createClaimChannel } from "./claim-channel.ts";
import type { DeliveryTools } from "./delivery.ts";
import { createIntake, type Intake } from "./intake.ts";
import type { Pauses } from "./pauses.ts";
import { createReadAhead, type ReadAhead } from "./read-ahead.ts";
import { createTopology, type Topology, type TopologyOptions } from "./topology.ts";

export interface ConsumerParts {
  readonly session: Session;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly topology: TopologyOptions;
  readonly pauses: Pauses;
  readonly delivery: Omit<DeliveryTools, "consuming" | "over">;
  /** Called once, when it is closed. */
  closed(): void;
}

/** One life of the consumption: a channel and what feeds on it. */
interface Life {
  readonly link: Link;
  readonly claims: ClaimChannel;
  readonly readAhead: ReadAhead;
  readonly topology: Topology;
}

/** Waits between attempts to consume again on an open connection, ms. */
const firstWaitMs = 100;
const longestWaitMs = 2_000;
/** So often it is asked which queues are paused; an answer that does not come is not waited for, for a blocked broker gives none. */
const pausesEveryMs = 1_500;
const pausesLimitMs = 2_000;
/** How long `close` waits for settlements under way and for the confirmations of what it hands back, and for the channel's end. */
const handBackLimitMs = 10_000;
const closeLimitMs = 2_000;

/** Resolves when it consumes. Throws BROKER_UNREACHABLE, BROKER_AUTH, BROKER_REFUSED. */
export async function openConsumer(parts: ConsumerParts, queues: readonly string[], options: ConsumeOptions): Promise<Consumer> {
  const consumer = new AmqpConsumer(parts, queues, options);
  await consumer.start();
  return consumer;
}

/** Duties: 1. one life at a time; 2. a new one after each loss, told to the listener; 3. pause, resume, read-ahead in whichever life; 4. hand back at the end. */
class AmqpConsumer implements Consumer {
  readonly #parts: ConsumerParts;
  readonly #queues: readonly string[];
  readonly #options: ConsumeOptions;
  readonly #intake: Intake;
  readonly #unlisten: () => void;
  #life: Life | null = null;
  #readAhead: number;
  #paused = false;
  readonly #closed = new AbortController();
  #closing: Promise<void> | null = null;
  #reviving = false;
  #pausedQueues: ReadonlySet<string> = new Set();
  #pauseWatch: Timer | null = null;
  #asking: Promise<void> | null = null;
  /** false once the broker refused one limit for several queues */
  #mayLimitChannel = true;

  constructor(parts: ConsumerParts, queues: readonly string[], options: ConsumeOptions) {
    this.#parts = parts;
    this.#queues = consumedQueues(queues, parts.topology.queues);
    this.#options = options;
    this.#readAhead = Math.max(1, options.readAhead);
    const consuming = () => !this.#paused && !this.#ending;
    this.#intake = createIntake({ ...parts.delivery, consuming }, { listener: options.listener, readAhead: () => this.#readAhead });
    const unlisten = parts.session.listen({ up: () => void this.#revive(), down: () => {} });
    const release = parts.session.hold();
    this.#unlisten = () => {
      unlisten();
      release();
    };
  }

  async start(): Promise<void> {
    this.#reviving = true;
    try {
      await this.#firstLife();
    } catch (error) {
      this.#unlisten();
      this.#parts.closed();
      throw operationFailure(error, `consume from ${this.#queues.join(", ")}`);
    } finally {
      this.#reviving = false;
    }
    this.#pauseWatch = this.#parts.clock.every(pausesEveryMs, () => void this.#followPauses());
    if (this.#life === null) void this.#revive();
  }

  async #followPauses(): Promise<void> {
    const before = this.#pausedQueues;
    await this.#readPauses();
    if (this.#pausedQueues !== before) await this.#life?.readAhead.setPaused(this.#pausedQueues).catch((error) => this.#note(error));
  }

  /** What cannot be asked now stays as it was known. */
  #readPauses(): Promise<unknown> {
    const { pauses, clock } = this.#parts;
    this.#asking ??= pauses
      .of(this.#queues)
      .then((paused) => {
        const isSame = paused.size === this.#pausedQueues.size && [...paused].every((queue) => this.#pausedQueues.has(queue));
        if (!isSame) this.#pausedQueues = paused;
      })
      .catch((error) => this.#note(error))
      .finally(() => {
        this.#asking = null;
      });
    return atMost(clock, pausesLimitMs, this.#asking);
  }

  async #firstLife(): Promise<void> {
    try {
      await this.#live(await this.#parts.session.connect());
    } catch (error) {
      if (this.#mayLimitChannel) throw error;
      await this.#live(await this.#parts.session.connect());
    }
  }

  async pause(): Promise<void> {
    if (this.#paused) return;
    this.#paused = true;
    await this.#retarget();
    this.#intake.handBackWaiting();
  }

  resume(): void {
    if (!this.#paused || this.#ending) return;
    this.#paused = false;
    void this.#retarget();
  }

  setReadAhead(readAhead: number): void {
    this.#readAhead = Math.max(1, Math.floor(readAhead));
    this.#intake.release();
    // What the broker had sent before it heard of a smaller one goes to somebody who has room for it.
    void this.#retarget().then(() => this.#intake.handBackExcess());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    this.#pauseWatch?.cancel();
    this.#unlisten();
    const { clock } = this.#parts;
    // What takes longer goes back to the queue with the channel, as redelivered.
    await atMost(
      clock,
      handBackLimitMs,
      this.#retarget().then(() => this.#intake.close()),
    );
    const { claims, link } = this.#life ?? {};
    if (claims !== undefined) await atMost(clock, closeLimitMs, claims.close());
    if (link !== undefined) await atMost(clock, closeLimitMs, this.#deleteCopies(link));
    this.#life = null;
    this.#parts.closed();
  }

  /** Nobody else will ever consume them; what fails here is what x-expires is for. */
  async #deleteCopies(link: Link): Promise<void> {
    const copies = this.#queues.filter((queue) => broadcastOf(queue) !== null);
    await Promise.all(copies.map((queue) => link.aside((channel) => channel.deleteQueue(queue)).catch((error) => this.#note(error))));
  }

  get #ending(): boolean {
    return this.#closed.signal.aborted;
  }

  /** Tells the channel what is wanted now. A failure ends the channel, and that is seen where it ends. */
  async #retarget(): Promise<void> {
    const wanted = this.#paused || this.#ending ? 0 : this.#readAhead;
    await this.#life?.readAhead.setTarget(wanted).catch((error) => this.#note(error));
  }

  async #live(link: Link): Promise<void> {
    const topology = createTopology(link, this.#parts.topology);
    await Promise.all(this.#queues.map((queue) => topology.queue(queue)));
    const claims = createClaimChannel(await link.openChannel());
    const readAhead: ReadAhead = createReadAhead({
      channel: claims.channel,
      queues: this.#queues,
      name: shortened(this.#options.worker),
      mayLimitChannel: this.#mayLimitChannel,
      onMessage: (feed, message) => this.#receive(claims, message, { queue: feed.queue, release: () => readAhead.release(feed) }),
      onCancelled: (queue) => void this.#restore(life, queue),
      onFailure: (error) => this.#note(error),
    });
    const life: Life = { link, claims, readAhead, topology };
    this.#life = life;
    let reason: unknown;
    claims.channel.on("error", (error) => {
      reason = error;
    });
    claims.channel.on("close", () => this.#lose(life, reason));
    try {
      await this.#readPauses();
      await readAhead.setPaused(this.#pausedQueues);
      await readAhead.setTarget(this.#paused || this.#ending ? 0 : this.#readAhead);
    } catch (error) {
      await claims.close();
      throw error;
    }
    // Closed meanwhile: nobody else ends what was only being opened then.
    if (this.#ending) await claims.close();
  }

  #receive(claims: ClaimChannel, message: ConsumeMessage, feed: { readonly queue: string; release(): void }): void {
    const tag = message.fields.deliveryTag;
    claims.hold(tag);
    this.#intake.receive(feed.queue, message, { channel: claims, tag, release: feed.release });
  }

  #lose(life: Life, reason: unknown): void {
    if (this.#life !== life) return;
    this.#life = null;
    if (this.#ending) return;
    // Quorum queues refuse a common limit by ending the connection, which is known right after the channel's end.
    const learn = (error: unknown) => {
      if (replyCodeOf(error) === replyCode.notImplemented) this.#mayLimitChannel = false;
    };
    learn(reason);
    life.link.onEnd(learn);
    if (this.#reviving) return;
    this.#parts.logger.warn("Consuming was interrupted", {
      queues: this.#queues,
      reason: reasonOf(reason ?? life.link.ended?.error ?? null),
    });
    const { listener } = this.#options;
    listener.disconnected(reason ?? life.link.ended?.error ?? new BrokerError("BROKER_UNREACHABLE", "The connection to RabbitMQ was lost"));
    void this.#revive();
  }

  /** Until it consumes again, or until there is no connection: then the session calls it when there is one. */
  async #revive(): Promise<void> {
    if (this.#reviving || this.#life !== null) return;
    this.#reviving = true;
    for (let waitMs = firstWaitMs; !this.#ending; waitMs = Math.min(longestWaitMs, waitMs * 2)) {
      const { link } = this.#parts.session;
      if (link === null) break;
      try {
        await this.#live(link);
        if (this.#life === null) continue;
        if (!this.#ending) this.#options.listener.connected();
        break;
      } catch (error) {
        this.#parts.logger.warn("Consuming could not be taken up again; trying on", { queues: this.#queues, reason: reasonOf(error) });
        await this.#parts.clock.sleep(waitMs, this.#closed.signal);
      }
    }
    this.#reviving = false;
  }

  async #restore(life: Life, queue: string): Promise<void> {
    const { clock, logger } = this.#parts;
    for (let waitMs = firstWaitMs; life === this.#life && !this.#ending; waitMs = Math.min(longestWaitMs, waitMs * 2)) {
      await clock.sleep(waitMs, this.#closed.signal);
      if (this.#ending) return;
      try {
        life.topology.forget(queue);
        await life.topology.queue(queue);
        return await life.readAhead.restore();
      } catch (error) {
        logger.warn("A queue that was deleted could not be declared anew; trying on", { queue, reason: reasonOf(error) });
      }
    }
  }

  #note(error: unknown): void {
    this.#parts.logger.debug("Pausing, or a change of the read-ahead, failed", { queues: this.#queues, reason: reasonOf(error) });
  }
}

/** A tag has room for 255 bytes, and what makes it unique is still to come. */
function shortened(name: string): string {
  return Buffer.from(name).subarray(0, 200).toString();
}
