/** A queue whose both ends are cheap, for runs that wait. */
export class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  values(): readonly T[] {
    return this.#items.slice(this.#head);
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head] as T;
    this.#items[this.#head++] = undefined as T;
    // Cutting off the used half each time it outgrows the rest costs a constant per item.
    if (this.#head > 32 && this.#head * 2 > this.#items.length) this.#compact();
    return item;
  }

  /** Puts `items` before all others, in their order. */
  putBack(items: readonly T[]): void {
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
  }

  /** Takes out all that match. O(size). */
  remove(matches: (item: T) => boolean): T[] {
    this.#compact();
    const removed = this.#items.filter(matches);
    if (removed.length > 0) this.#items = this.#items.filter((item) => !matches(item));
    return removed;
  }

  drain(): T[] {
    return this.remove(() => true);
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
