/** The runs an executor was sent and has not ended, in the order in which they were sent, and what they weigh together. */
import type { HeldRun, RunHolder } from "./held-run.ts";

const highestNumber = 0xffffffff;

export class HeldRuns {
  /** ms of work that is expected of them, all slots together */
  workMs = 0;
  /** of their bodies */
  bytes = 0;
  /** One of them is a suspect, which runs alone. */
  hasSuspect = false;
  readonly #holder: RunHolder;
  /** so far */
  sent = 0;
  readonly #byNumber = new Map<number, HeldRun>();
  #lastNumber = 0;

  constructor(holder: RunHolder) {
    this.#holder = holder;
  }

  get size(): number {
    return this.#byNumber.size;
  }

  get(number: number): HeldRun | undefined {
    return this.#byNumber.get(number);
  }

  values(): Iterable<HeldRun> {
    return this.#byNumber.values();
  }

  /** Those that have begun, or are so far in front that they have, though user code that never gives way keeps it from being told. */
  inUserCode(slots: number): readonly HeldRun[] {
    return [...this.#byNumber.values()].filter((held, place) => held.begun || place < slots);
  }

  /** One that none of them has. */
  nextNumber(): number {
    do this.#lastNumber = (this.#lastNumber % highestNumber) + 1;
    while (this.#byNumber.has(this.#lastNumber));
    return this.#lastNumber;
  }

  add(held: HeldRun, number: number, expectedMs: number): void {
    this.sent++;
    held.holder = this.#holder;
    held.number = number;
    held.expectedMs = expectedMs;
    this.#byNumber.set(number, held);
    this.workMs += expectedMs;
    this.bytes += held.run.body.length;
    if (held.isSuspect) this.hasSuspect = true;
  }

  release(held: HeldRun): void {
    this.#byNumber.delete(held.number);
    held.holder = null;
    this.workMs -= held.expectedMs;
    this.bytes -= held.run.body.length;
    if (this.size > 0) return;
    // Sums of fractions drift.
    this.workMs = 0;
    this.hasSuspect = false;
  }
}
