/** Watches the soft and hard time limits of runs that have begun, with one timer for all of them. */
import type { Clock, Timer } from "@celeriac/core/runtime";
import type { HeldRun } from "./held-run.ts";

/** monotonic ms; Infinity = none, or already dealt with */
interface Deadlines {
  softAt: number;
  hardAt: number;
}

export class TimeLimits {
  readonly #clock: Clock;
  readonly #watched = new Map<HeldRun, Deadlines>();
  #timer: Timer | null = null;
  #firesAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From its begin on. Does nothing for a run without limits. */
  watch(held: HeldRun): void {
    const { softTimeLimitMs, timeLimitMs } = held.run;
    if (softTimeLimitMs === null && timeLimitMs === null) return;
    const now = this.#clock.monotonic();
    const deadlines = {
      softAt: now + (softTimeLimitMs ?? Number.POSITIVE_INFINITY),
      hardAt: now + (timeLimitMs ?? Number.POSITIVE_INFINITY),
    };
    this.#watched.set(held, deadlines);
    this.#armFor(Math.min(deadlines.softAt, deadlines.hardAt));
  }

  /** The timer stays as it is: to set it anew for each short run costs more than one that fires in vain. */
  forget(held: HeldRun): void {
    this.#watched.delete(held);
  }

  stop(): void {
    this.#watched.clear();
    this.#timer?.cancel();
    this.#firesAt = Number.POSITIVE_INFINITY;
  }

  #armFor(at: number): void {
    if (at >= this.#firesAt) return;
    this.#timer?.cancel();
    this.#firesAt = at;
    this.#timer = this.#clock.after(at - this.#clock.monotonic(), () => this.#fire(), { background: true });
  }

  #fire(): void {
    this.#firesAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const [held, deadlines] of this.#watched) {
      if (deadlines.hardAt <= now) {
        this.#watched.delete(held);
        held.holder?.endFor(held, { kind: "timedOut", limitMs: held.run.timeLimitMs ?? 0 });
        continue;
      }
      if (deadlines.softAt <= now) {
        deadlines.softAt = Number.POSITIVE_INFINITY;
        held.holder?.softLimit(held);
      }
      next = Math.min(next, deadlines.softAt, deadlines.hardAt);
    }
    this.#armFor(next);
  }
}
