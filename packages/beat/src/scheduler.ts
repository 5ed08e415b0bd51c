/** Which entry is to be looked at next: the soonest of many is at hand at once, a change costs the logarithm of how many there are. Knows no clock and sends nothing. */
import { Heap } from "@celeriac/core/runtime";

/** An entry, and when it is to be looked at, epoch ms. */
export interface Place {
  readonly name: string;
  readonly at: number;
}

export class Scheduler {
  /** places that count no more stay in it until they come up */
  readonly #heap = new Heap<Place>((one, other) => one.at < other.at);
  readonly #places = new Map<string, Place>();

  get size(): number {
    return this.#places.size;
  }

  /** The soonest; null: there is none. */
  get next(): Place | null {
    this.#dropStale();
    return this.#heap.first() ?? null;
  }

  /** In place of when it was before; null: not any more. */
  set(name: string, at: number | null): void {
    if (at === null) {
      this.#places.delete(name);
      return;
    }
    const place = { name, at };
    this.#places.set(name, place);
    this.#heap.add(place);
    if (this.#heap.size > 2 * this.#places.size + 64) this.#rebuild();
  }

  /** Takes out those that are not after `now`, soonest first, `most` at once. */
  take(now: number, most: number): readonly string[] {
    const taken: string[] = [];
    for (let { next } = this; next !== null && next.at <= now && taken.length < most; { next } = this) {
      this.#heap.take();
      this.#places.delete(next.name);
      taken.push(next.name);
    }
    return taken;
  }

  clear(): void {
    this.#heap.clear();
    this.#places.clear();
  }

  #dropStale(): void {
    for (let first = this.#heap.first(); first !== undefined && this.#places.get(first.name) !== first; first = this.#heap.first())
      this.#heap.take();
  }

  #rebuild(): void {
    this.#heap.clear();
    for (const place of this.#places.values()) this.#heap.add(place);
  }
}
