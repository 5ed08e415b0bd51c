/**
 * One worker's consumption of some queues of a space. Duties: 1. claim what is ready while there is room, 2. wake for what becomes due,
 * 3. hand back what is held at the end. Nobody can take it for dead: its space dies with it.
 */
import type { ConsumeOptions, Consumer } from "../../broker.ts";
import type { Clock, Timer } from "../../clock.ts";
import type { ExchangeBinding } from "../../exchange.ts";
import type { StoredMessage } from "../../memory/messages.ts";
import type { Space } from "../../memory/space.ts";
import { createDelivery } from "./delivery.ts";
import { envelopeOf } from "./message.ts";

/** Longest timer for a due message: the wall clock may jump. */
const longestDueMs = 1_000;

export interface ConsumerParts {
  readonly space: Space;
  readonly clock: Clock;
  readonly settlesResults: boolean;
  /** of queues that live as long as the consumer */
  readonly copies: readonly ExchangeBinding[];
  /** Called when the consumer has ended. */
  closed(): void;
}

export class MemoryConsumer implements Consumer {
  readonly #queues: readonly string[];
  readonly #options: ConsumeOptions;
  readonly #parts: ConsumerParts;
  readonly #held = new Set<StoredMessage>();
  readonly #deafen: () => void;
  #readAhead: number;
  #paused = false;
  #closed = false;
  #feeding = false;
  /** Where the next claim starts, so that a full queue does not starve its neighbours. */
  #rotation = 0;
  #dueTimer: Timer | null = null;

  constructor(queues: readonly string[], options: ConsumeOptions, parts: ConsumerParts) {
    this.#queues = [...queues];
    this.#options = options;
    this.#parts = parts;
    this.#readAhead = Math.max(1, options.readAhead);
    for (const copy of parts.copies) parts.space.bindings.add(copy);
    this.#deafen = parts.space.messages.listen(this.#queues, () => this.#wake());
    this.#wake();
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
    const { space, clock, copies } = this.#parts;
    for (const message of this.#held) space.messages.putBack(message, { dueAt: null, counted: false, now: clock.now() });
    this.#held.clear();
    for (const copy of copies) {
      space.bindings.remove(copy);
      space.messages.purge(copy.queue);
    }
    this.#parts.closed();
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
    const delayMs = Math.min(longestDueMs, Math.max(0, Math.min(...dues) - clock.now()));
    this.#dueTimer = clock.after(delayMs, () => this.#feed(), { background: true });
  }
}
