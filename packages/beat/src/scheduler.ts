/** Which entry is to be looked at next: the soonest of many is at hand at once, a change costs the logarithm of how many there are. Knows no clock and sends nothing. */

interface Place {
  readonly name: string;
  /** epoch ms */
  readonly at: number;
}

export class Scheduler {
  /** a binary heap, in which places that count no more stay until they come up */
  #heap: Place[] = [];
  readonly #places = new Map<string, Place>();

  get size(): number {
    return this.#places.size;
  }

  /** When the next one is; null: none is. */
  get nextAt(): number | null {
    this.#dropStale();
    return this.#heap[0]?.at ?? null;
  }

  /** In place of when it was before; null: not any more. */
  set(name: string, at: number | null): void {
    if (at === null) {
      this.#places.delete(name);
      return;
    }
    const place = { name, at };
    this.#places.set(name, place);
    this.#rise(place);
    if (this.#heap.length > 2 * this.#places.size + 64) this.#rebuild();
  }

  /** Takes out all that are not after `now`, soonest first. */
  take(now: number): readonly string[] {
    const taken: string[] = [];
    for (let at = this.nextAt; at !== null && at <= now; at = this.nextAt) {
      const { name } = this.#takeFirst();
      this.#places.delete(name);
      taken.push(name);
    }
    return taken;
  }

  clear(): void {
    this.#heap = [];
    this.#places.clear();
  }

  #dropStale(): void {
    for (let first = this.#heap[0]; first !== undefined && this.#places.get(first.name) !== first; first = this.#heap[0]) this.#takeFirst();
  }

  #rebuild(): void {
    const places = [...this.#places.values()].sort((one, other) => one.at - other.at);
    this.#heap = places;
  }

  #rise(place: Place): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above]!.at <= place.at) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = place;
  }

  #takeFirst(): Place {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      const least = below + 1 < heap.length && heap[below + 1]!.at < heap[below]!.at ? below + 1 : below;
      if (heap[least]!.at >= last.at) break;
      heap[at] = heap[least]!;
      at = least;
    }
    heap[at] = last;
    return first;
  }
}
