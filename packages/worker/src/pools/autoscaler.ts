/** Fits the concurrency of a pool to what it has to do: more at once when runs wait, less one by one when they were not needed for a while. */
import type { Clock, Timer } from "@celeriac/core/runtime";

export interface AutoscaleRange {
  /** 1 or more, `min` or more */
  readonly max: number;
  /** 1 or more */
  readonly min: number;
}

export interface AutoscaleOptions extends AutoscaleRange {
  /** how long what is not needed is kept */
  readonly keepaliveMs: number;
}

export interface Scalable {
  readonly concurrency: number;
  /** the concurrency at which none of what it holds would wait long */
  readonly needed: number;
  scale(concurrency: number): void;
}

const lookPeriodMs = 1_000;

export class Autoscaler {
  range: AutoscaleRange;
  readonly #pool: Scalable;
  readonly #clock: Clock;
  readonly #keepaliveMs: number;
  /** at n: when n at once were needed last, monotonic */
  readonly #neededAt: number[] = [];
  #timer: Timer | null = null;

  constructor(pool: Scalable, range: AutoscaleRange, { clock, keepaliveMs }: { readonly clock: Clock; readonly keepaliveMs: number }) {
    this.#pool = pool;
    this.range = range;
    this.#clock = clock;
    this.#keepaliveMs = keepaliveMs;
  }

  start(): void {
    this.#timer ??= this.#clock.every(lookPeriodMs, () => this.#look());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** To be called when more is to be done. */
  grow(): void {
    const needed = this.#needed();
    if (needed <= this.#pool.concurrency) return;
    this.#note(needed);
    this.#pool.scale(needed);
  }

  /** Of what it is now, as far as the new range allows. */
  setRange(range: AutoscaleRange): void {
    this.range = range;
    const { concurrency } = this.#pool;
    const fitting = Math.min(Math.max(concurrency, range.min), range.max);
    if (fitting !== concurrency) this.#pool.scale(fitting);
    this.grow();
  }

  #needed(): number {
    return Math.min(Math.max(this.#pool.needed, this.range.min), this.range.max);
  }

  #look(): void {
    this.#note(this.#needed());
    const { concurrency } = this.#pool;
    const now = this.#clock.monotonic();
    // What was never needed was set by hand: it counts from now on.
    this.#neededAt[concurrency] ??= now;
    if (concurrency > this.range.min && now - this.#neededAt[concurrency] >= this.#keepaliveMs) this.#pool.scale(concurrency - 1);
  }

  #note(needed: number): void {
    for (let n = 1; n <= needed; n++) this.#neededAt[n] = this.#clock.monotonic();
  }
}
