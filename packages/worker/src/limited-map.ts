/** A map of bounded size and age, Celery's LimitedSet: the oldest entry goes first, to make room or because its time is over. All O(1). */
import type { Clock } from "@celeriac/core/runtime";

export interface Limits {
  /** entries; 1 or more */
  readonly max: number;
  readonly expiresMs: number;
}

interface Entry<V> {
  readonly value: V;
  /** monotonic ms */
  readonly setAt: number;
}

export class LimitedMap<V> {
  readonly #limits: Limits;
  readonly #clock: Pick<Clock, "monotonic">;
  /** oldest first */
  readonly #entries = new Map<string, Entry<V>>();

  constructor(limits: Limits, clock: Pick<Clock, "monotonic">) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Entries in memory; some may be over. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || this.#isOver(entry) ? undefined : entry.value;
  }

  /** What is there already becomes the newest. `ageMs`: it was set so long ago; such entries are set oldest first, before any other. */
  set(key: string, value: V, ageMs = 0): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, setAt: this.#clock.monotonic() - ageMs });
    this.#prune();
  }

  /** Oldest first: key, value, ms since it was set. */
  list(): [key: string, value: V, ageMs: number][] {
    this.#prune();
    const now = this.#clock.monotonic();
    return [...this.#entries].map(([key, { value, setAt }]) => [key, value, now - setAt]);
  }

  #prune(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= this.#limits.max && !this.#isOver(entry)) return;
      this.#entries.delete(key);
    }
  }

  #isOver({ setAt }: Entry<V>): boolean {
    return this.#clock.monotonic() - setAt >= this.#limits.expiresMs;
  }
}
