/** When messages that are put off come back to the worker: one after another, so that the broker has little to move at any moment. */

export interface Pace {
  /** ms after which the first may be back */
  readonly firstMs: number;
  /** ms between one and the next */
  readonly gapMs: number;
  /** ms: none stays away for longer, however many there are */
  readonly longestMs: number;
}

/** RabbitMQ delays by whole seconds, and holds the rest of one in a worker: so long a rest as its publication may take is no second less. */
const marginMs = 50;

export class Spread {
  /** where the next one goes, monotonic ms */
  #next = 0;

  /** After how many ms the next one is to be back: a whole second at least, and no broken ones. */
  place(now: number, { firstMs, gapMs, longestMs }: Pace): number {
    const first = now + Math.min(firstMs, longestMs);
    // Those that have no room before the longest wait go between the others, from the front.
    if (this.#next < first || this.#next > now + longestMs) this.#next = first;
    const seconds = Math.max(1, Math.floor((this.#next - now) / 1_000));
    this.#next += gapMs;
    return seconds * 1_000 + marginMs;
  }
}
