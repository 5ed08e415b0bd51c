/** A map whose entries have an end: what is over is not seen any more, and goes with the next entry that is set. */
import { Heap } from "../heap.ts";

interface Entry<V> {
  readonly value: V;
  /** epoch ms; null = never */
  readonly expiresAt: number | null;
}

interface End {
  readonly key: string;
  readonly at: number;
}

export class ExpiringMap<V> {
  readonly #entries = new Map<string, Entry<V>>();
  readonly #ends = new Heap<End>((one, other) => one.at < other.at);

  /** Entries in memory, those included that are over and have not gone yet. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string, now: number): V | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || isOver(entry, now) ? undefined : entry.value;
  }

  set(key: string, value: V, expiresAt: number | null, now: number): void {
    this.#prune(now);
    this.#entries.set(key, { value, expiresAt });
    if (expiresAt !== null) this.#ends.add({ key, at: expiresAt });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  #prune(now: number): void {
    for (let end = this.#ends.first(); end !== undefined && end.at <= now; end = this.#ends.first()) {
      this.#ends.take();
      const entry = this.#entries.get(end.key);
      // It may have been set again since, and then has another end.
      if (entry !== undefined && isOver(entry, now)) this.#entries.delete(end.key);
    }
  }
}

function isOver({ expiresAt }: Entry<unknown>, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}
