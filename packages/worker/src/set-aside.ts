/**
 * Deliveries that this worker holds although the pool does not want them: they wait for their turn, or are on their way back to the broker. The
 * consumer may hold as many more, so that others are not stopped by them.
 */
import type { Clock, Timer } from "@celeriac/core/runtime";

/** On their way back at once: what is read ahead for them may turn out to be for the pool. */
const mostReturning = 64;
const settleMs = 1_000;

export class SetAside {
  readonly #clock: Clock;
  readonly #changed: () => void;
  #waiting = 0;
  #returning = 0;
  #allowance = 0;
  #peak = 0;
  #timer: Timer | null = null;

  /** `changed`: the allowance did. */
  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** What the read-ahead is to be larger by. */
  get allowance(): number {
    return this.#allowance;
  }

  waits(change: 1 | -1): void {
    this.#waiting += change;
    this.#follow();
  }

  returns(change: 1 | -1): void {
    this.#returning += change;
    this.#follow();
  }

  /** Up at once, by a quarter more than is needed; down once a second: on RabbitMQ each change costs a round trip. */
  #follow(): void {
    const needed = this.#waiting + Math.min(mostReturning, this.#returning);
    if (needed > this.#peak) this.#peak = needed;
    if (needed >= this.#allowance && needed > 0) this.#set(withMargin(needed));
    this.#timer ??= this.#clock.every(settleMs, () => this.#settle(), { background: true });
  }

  #settle(): void {
    const wanted = withMargin(this.#peak);
    this.#peak = this.#waiting + Math.min(mostReturning, this.#returning);
    if (wanted < this.#allowance) this.#set(wanted);
    if (this.#allowance > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #set(allowance: number): void {
    this.#allowance = allowance;
    this.#changed();
  }
}

function withMargin(count: number): number {
  return count + Math.ceil(count / 4);
}
