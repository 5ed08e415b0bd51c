/**
 * One worker's consumption of some queues of a space. Duties: 1. claim what is ready while there is room, 2. wake for what becomes due,
 * 3. hand back what is held at the end. Nobody can take it for dead: its space dies with it.
 */
import type { ConsumeOptions, Consumer } from "../../broker.ts";
import type { Clock, Timer } from "../../clock.ts";
import type { ConsumedQueues } from "../../consumed-queues.ts";
import { bindingsOf } from "../../exchange.ts";
import type { StoredMessage } from "../../memory/messages.ts";
import type { Space } from "../../memory/space.ts";
import type { QueueDeclaration } from "../../queue-table.ts";
import { createDelivery } from "./delivery.ts";
import { envelopeOf } from "./message.ts";

export interface ConsumerParts {
  readonly space: Space;
  readonly clock: Clock;
  readonly settlesResults: boolean;
  /** Called when the consumer has ended. */
  closed(): void;
}

export class MemoryConsumer implements Consumer {
  readonly #consumed: ConsumedQueues;
  readonly #options: ConsumeOptions;
  readonly #parts: ConsumerParts;
  readonly #held = new Set<StoredMessage>();
  #queues: readonly string[] = [];
  #readAhead: number;
  #paused = false;
  #closed = false;
  #feeding = false;
  /** Where the next claim starts, so that a full queue does not starve its neighbours. */
  #rotation = 0;
  #dueTimer: Timer | null = null;
  #deafen: () => void = () => {};

  constructor(consumed: ConsumedQueues, options: ConsumeOptions, parts: ConsumerParts) {
    this.#consumed = consumed;
    this.#options = options;
    this.#parts = parts;
    this.#readAhead = Math.max(1, options.readAhead);
    for (const copy of bindingsOf(consumed.declarations, "copy")) parts.space.bindings.add(copy);
    this.#listen();
  }

  get queues(): readonly string[] {
    return this.#consumed.names;
  }

  get declarations(): readonly QueueDeclaration[] {
    return this.#consumed.declarations;
  }

  async add(queue: QueueDeclaration): Promise<void> {
    const consumed = this.#consumed.add(queue);
    if (consumed === null) return;
    try {
      for (const kind of ["declared", "copy"] as const)
        for (const binding of bindingsOf([consumed], kind)) this.#parts.space.bindings.add(binding);
    } catch (error) {
      this.#consumed.remove(queue.name);
      throw error;
    }
    this.#listen();
  }

  async cancel(queue: string): Promise<void> {
    const consumed = this.#consumed.remove(queue);
    if (consumed === null) return;
    this.#listen();
    this.#dropCopies([consumed]);
  }

  async pause(): Promise<void> {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake();
  }

  setReadAhead(readAhead: number): void {
    this.#readAhead = Math.max(1, readAhead);
    this.#wake();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#deafen();
    this.#dueTimer?.cancel();
    const { space, clock } = this.#parts;
    for (const message of this.#held) space.messages.putBack(message, { dueAt: null, counted: false, now: clock.now() });
    this.#held.clear();
    this.#dropCopies(this.#consumed.declarations);
    this.#parts.closed();
  }

  /** To the queues of the moment. */
  #listen(): void {
    this.#deafen();
    this.#deafen = this.#parts.space.messages.listen(this.#consumed.queues, () => this.#wake());
    this.#queues = this.#consumed.queues;
    this.#rotation = 0;
    this.#wake();
  }

  #dropCopies(declarations: readonly QueueDeclaration[]): void {
    const { space } = this.#parts;
    for (const copy of bindingsOf(declarations, "copy")) {
      space.bindings.remove(copy);
      space.messages.purge(copy.queue);
    }
  }

  /** What arrives in one event-loop turn is claimed after it; whoever publishes does not wait for that. */
  #wake(): void {
    if (this.#feeding) return;
    this.#feeding = true;
    setImmediate(() => {
      this.#feeding = false;
      this.#feed();
    });
  }

  #feed(): void {
    let missed = 0;
    while (this.#wantsMore && missed < this.#queues.length) {
      missed = this.#claimFrom(this.#queues[this.#rotation]!) ? 0 : missed + 1;
      this.#rotation = (this.#rotation + 1) % this.#queues.length;
    }
    this.#planDue();
  }

  get #wantsMore(): boolean {
    return !this.#paused && !this.#closed && this.#held.size < this.#readAhead;
  }

  #claimFrom(queue: string): boolean {
    const { space, clock, settlesResults } = this.#parts;
    const message = space.messages.claim(queue, clock.now());
    if (message === null) return false;
    this.#held.add(message);
    const released = () => {
      this.#held.delete(message);
      this.#wake();
    };
    this.#options.listener.delivery(createDelivery(message, envelopeOf(message), { space, clock, settlesResults, released }));
    return true;
  }

  #planDue(): void {
    this.#dueTimer?.cancel();
    this.#dueTimer = null;
    if (!this.#wantsMore) return;
    const { space, clock } = this.#parts;
    const dues = this.#queues.map((queue) => space.messages.nextDue(queue)).filter((due) => due !== null);
    if (dues.length === 0) return;
    this.#dueTimer = clock.at(Math.min(...dues), () => this.#feed(), { background: true });
  }
}
