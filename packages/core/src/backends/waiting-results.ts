/** Who waits for which result, and what they were told of it: the same for the watches of all stores. */
import type { ResultSubscription } from "../backend.ts";

/** A result somebody waits for. */
export interface Awaited<V> {
  readonly listeners: Set<(text: string) => void>;
  /** what the listeners know */
  text: string | null;
  /** by which the store tells an older text from a newer one */
  version: V;
}

export class WaitingResults<V> {
  readonly #byKey = new Map<string, Awaited<V>>();
  readonly #firstVersion: V;
  readonly #left: () => void;

  /** `left`: called when nobody waits for a result any more. */
  constructor(firstVersion: V, left: () => void) {
    this.#firstVersion = firstVersion;
    this.#left = left;
  }

  get size(): number {
    return this.#byKey.size;
  }

  keys(): Iterable<string> {
    return this.#byKey.keys();
  }

  get(key: string): Awaited<V> | undefined {
    return this.#byKey.get(key);
  }

  /** The listener is told at once what the others know. */
  add(key: string, listener: (text: string) => void): ResultSubscription {
    const entry = this.#byKey.get(key) ?? { listeners: new Set(), text: null, version: this.#firstVersion };
    this.#byKey.set(key, entry);
    // A function of its own: the same listener may subscribe twice.
    const tell = (text: string) => listener(text);
    entry.listeners.add(tell);
    if (entry.text !== null) tell(entry.text);
    return { close: () => this.#leave(key, entry, tell) };
  }

  tell(entry: Awaited<V>, text: string): void {
    entry.text = text;
    for (const listener of [...entry.listeners]) listener(text);
  }

  clear(): void {
    this.#byKey.clear();
  }

  #leave(key: string, entry: Awaited<V>, tell: (text: string) => void): void {
    if (!entry.listeners.delete(tell) || entry.listeners.size > 0 || this.#byKey.get(key) !== entry) return;
    this.#byKey.delete(key);
    this.#left();
  }
}
