/**
 * One worker's consumption of some queues: keeps a consuming channel open through losses, counts what died, and hands deliveries to the listener.
 */
import { operationFailure } from "../../amqp/failure.ts";
import type { Link } from "../../amqp/link.ts";
import { atMost } from "../../amqp/patience.ts";
import type { Session } from "../../amqp/session.ts";
import type { ConsumeOptions, Consumer } from "../../broker.ts";
import type { Clock } from "../../clock.ts";
import { ConsumedQueues } from "../../consumed-queues.ts";
import { BrokerError, reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import type { PauseStore } from "../../pauses.ts";
import type { QueueDeclaration } from "../../queue-table.ts";
import { createSequence } from "../../sequence.ts";
import type { DeliveryTools } from "./delivery.ts";
import { type Holding, type HoldOptions, openHolding } from "./hold/holding.ts";
import { createIntake, type Intake } from "./intake.ts";
import { deleteCopies, type Life, openLife } from "./life.ts";
import { PauseWatch } from "./pause-watch.ts";
import { SharedLimit } from "./shared-limit.ts";
import type { TopologyOptions } from "./topology.ts";

export interface ConsumerParts {
  readonly session: Session;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly topology: TopologyOptions;
  readonly pauses: PauseStore;
  readonly delivery: Omit<DeliveryTools, "consuming" | "over" | "holder">;
  /** null: long tasks stay on their channel */
  readonly hold: HoldOptions | null;
  /** Called once, when it is closed. */
  closed(): void;
}

/** Waits between attempts to consume again on an open connection, ms. */
const firstWaitMs = 100;
const longestWaitMs = 2_000;
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
  readonly #consumed: ConsumedQueues;
  readonly #options: ConsumeOptions;
  readonly #intake: Intake;
  readonly #holding: Holding | null;
  readonly #unlisten: () => void;
  #life: Life | null = null;
  #readAhead: number;
  #paused = false;
  readonly #closed = new AbortController();
  readonly #changing = createSequence();
  readonly #sharedLimit = new SharedLimit();
  readonly #pauses: PauseWatch;
  #closing: Promise<void> | null = null;
  #reviving = false;

  constructor(parts: ConsumerParts, queues: readonly string[], options: ConsumeOptions) {
    this.#parts = parts;
    this.#consumed = new ConsumedQueues(queues, parts.topology.queues);
    this.#options = options;
    this.#readAhead = Math.max(1, options.readAhead);
    const consuming = (queue: string) => !this.#paused && !this.#ending && this.#consumed.consumes(queue);
    this.#holding = openHolding(parts, options.worker, this.#consumed.table);
    const holder = this.#holding?.holder ?? null;
    this.#intake = createIntake(
      { ...parts.delivery, consuming, holder },
      { listener: options.listener, readAhead: () => this.#readAhead, heldChanged: () => this.#retarget() },
    );
    this.#pauses = new PauseWatch({
      ...parts,
      queues: () => this.#consumed.queues,
      changed: () => void this.#life?.readAhead.setPaused(this.#pauses.paused).catch((error) => this.#note(error)),
    });
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
      this.#holding?.stop();
      this.#parts.closed();
      throw operationFailure(error, `consume from ${this.queues.join(", ")}`);
    } finally {
      this.#reviving = false;
    }
    this.#pauses.start();
    this.#holding?.start((since) => this.#intake.holdThoseBefore(since));
    if (this.#life === null) void this.#revive();
  }

  async #firstLife(): Promise<void> {
    try {
      await this.#live(await this.#parts.session.connect());
    } catch (error) {
      if (this.#sharedLimit.isAllowed) throw error;
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

  get queues(): readonly string[] {
    return this.#consumed.names;
  }

  get declarations(): readonly QueueDeclaration[] {
    return this.#consumed.declarations;
  }

  add(queue: QueueDeclaration): Promise<void> {
    return this.#changing(() => this.#add(queue));
  }

  cancel(queue: string): Promise<void> {
    return this.#changing(() => this.#cancel(queue));
  }

  async #add(queue: QueueDeclaration): Promise<void> {
    const life = this.#life;
    if (life === null) throw new BrokerError("BROKER_UNREACHABLE", "Not connected to RabbitMQ: no queue was added");
    const consumed = this.#consumed.add(queue);
    if (consumed === null) return;
    const { name } = consumed;
    try {
      await life.topology.queue(name);
      await this.#pauses.read();
      await this.#sharedLimit.ask(life.link, this.#consumed.declarations);
      await life.readAhead.setPaused(this.#pauses.paused);
      await this.#reassign(life);
    } catch (error) {
      // Its life is over, and the next one begins with the queue.
      if (!life.claims.alive) return;
      this.#consumed.remove(queue.name);
      throw operationFailure(error, `consume from ${name}`);
    }
  }

  async #cancel(queue: string): Promise<void> {
    const consumed = this.#consumed.remove(queue);
    if (consumed === null) return;
    const life = this.#life;
    if (life !== null) await this.#reassign(life).catch((error) => this.#note(error));
    this.#intake.handBackWaiting(consumed.name);
    if (life !== null) await deleteCopies(life, [consumed]);
  }

  /** Those that are being added are known when they exist. */
  #reassign({ readAhead, topology }: Life): Promise<void> {
    return readAhead.setQueues(this.#consumed.queues.filter(topology.knows), this.#sharedLimit.isAllowed);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    this.#pauses.stop();
    this.#holding?.stop();
    this.#unlisten();
    const { clock } = this.#parts;
    // What takes longer goes back to the queue with the channel, as redelivered.
    await atMost(
      clock,
      handBackLimitMs,
      this.#retarget().then(() => this.#intake.close()),
    );
    const life = this.#life;
    if (life !== null) {
      await atMost(clock, closeLimitMs, life.claims.close());
      await atMost(clock, closeLimitMs, deleteCopies(life, this.#consumed.declarations));
    }
    this.#life = null;
    this.#parts.closed();
  }

  get #ending(): boolean {
    return this.#closed.signal.aborted;
  }

  /** What is held takes its place from what the channel may be sent. */
  get #wanted(): number {
    return this.#paused || this.#ending ? 0 : Math.max(0, this.#readAhead - this.#intake.held);
  }

  /** Tells the channel what is wanted now. A failure ends the channel, and that is seen where it ends. */
  async #retarget(): Promise<void> {
    await this.#life?.readAhead.setTarget(this.#wanted).catch((error) => this.#note(error));
  }

  async #live(link: Link): Promise<void> {
    const life = await openLife(link, {
      ...this.#parts,
      consumed: this.#consumed,
      name: this.#options.worker,
      signal: this.#closed.signal,
      isPresent: (opened) => opened === this.#life,
      received: (queue, message, claim) => this.#intake.receive(queue, message, claim),
      failed: (error) => this.#note(error),
    });
    const { claims, readAhead } = life;
    this.#life = life;
    let reason: unknown;
    claims.channel.on("error", (error) => {
      reason = error;
    });
    claims.channel.on("close", () => this.#lose(life, reason));
    try {
      await this.#pauses.read();
      await readAhead.setPaused(this.#pauses.paused);
      await this.#reassign(life);
      await readAhead.setTarget(this.#wanted);
    } catch (error) {
      await claims.close();
      throw error;
    }
    // Closed meanwhile: nobody else ends what was only being opened then.
    if (this.#ending) await claims.close();
  }

  #lose(life: Life, reason: unknown): void {
    if (this.#life !== life) return;
    this.#life = null;
    if (this.#ending) return;
    this.#sharedLimit.learn(life.link, reason);
    if (this.#reviving) return;
    this.#parts.logger.warn("Consuming was interrupted", {
      queues: this.queues,
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
        this.#parts.logger.warn("Consuming could not be taken up again; trying on", { queues: this.queues, reason: reasonOf(error) });
        await this.#parts.clock.sleep(waitMs, this.#closed.signal);
      }
    }
    this.#reviving = false;
  }

  #note(error: unknown): void {
    this.#parts.logger.debug("Pausing, or a change of the read-ahead, failed", { queues: this.queues, reason: reasonOf(error) });
  }
}
