/**
 * Who waits for which result in Redis. Its duties: 1. one SUBSCRIBE per key, whatever the number of listeners, together with all others of
 * the turn; 2. read each key after it was subscribed to, so that nothing falls in between; 3. do both again after a reconnect, and read now and then.
 */
import type { ResultSubscription } from "../backend.ts";
import type { DriverContext } from "../driver.ts";
import { type BackendError, reasonOf } from "../errors.ts";
import type { RedisConnection } from "../redis/connection.ts";
import type { RedisLink } from "../redis/link.ts";
import { type Awaited, WaitingResults } from "./waiting-results.ts";
import { WatchPace } from "./watch-pace.ts";

export interface WatchOptions {
  /** the connection that only listens */
  readonly ear: RedisLink;
  /** the present texts, in the order of the keys */
  read(keys: readonly string[]): Promise<readonly (string | null)[]>;
  readonly context: DriverContext;
  /** our error for what failed */
  failure(error: unknown): BackendError;
}

/** Most keys of one command. */
const batchKeys = 100;

export class ResultWatch {
  readonly #options: WatchOptions;
  /** by key; versions are the notices so far: a text that was read before the latest one is older than it */
  readonly #waiting: WaitingResults<number>;
  readonly #pace: WatchPace;
  /** key subscribed to on the present connection, or about to be → who waited then: others, who came when these had left, are still to be told what is there */
  readonly #heard = new Map<string, Awaited<number>>();
  #ear: RedisConnection | null = null;
  #turn: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#waiting = new WaitingResults(0, () => void this.#hearThisTurn());
    this.#pace = new WatchPace({ context: options.context, look: () => void this.#readAll(), again: () => this.#hearAgain() });
  }

  /** Resolves when the present text, if any, was told; or could not be asked for, which is then tried until it can. */
  async subscribe(key: string, listener: (text: string) => void): Promise<ResultSubscription> {
    const subscription = this.#waiting.add(key, listener);
    this.#pace.adjust(true);
    await this.#hearThisTurn();
    return subscription;
  }

  close(): void {
    this.#isClosed = true;
    this.#pace.stop();
    this.#waiting.clear();
  }

  /** Brings the subscriptions in line with what is watched, once for all who ask in this turn. Never rejects. */
  #hearThisTurn(): Promise<void> {
    this.#turn ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#turn = null;
      return this.#align();
    });
    return this.#turn;
  }

  async #align(): Promise<void> {
    if (this.#isClosed) return;
    this.#pace.adjust(this.#waiting.size > 0);
    try {
      if (this.#waiting.size > 0) await this.#openEar();
      const added = [...this.#waiting.keys()].filter((key) => this.#heard.get(key) !== this.#waiting.get(key));
      const left = [...this.#heard.keys()].filter((key) => this.#waiting.get(key) === undefined);
      const ear = this.#ear;
      if (ear?.isOpen !== true) return;
      for (const key of added) this.#heard.set(key, this.#waiting.get(key)!);
      for (const key of left) this.#heard.delete(key);
      await Promise.all([
        ...batches(left).map((keys) => ear.call("UNSUBSCRIBE", ...keys)),
        ...batches(added).map((keys) => ear.call("SUBSCRIBE", ...keys).then(() => this.#read(keys))),
      ]);
      ear.holdProcess(this.#waiting.size > 0);
      this.#pace.succeeded();
    } catch (error) {
      this.#pace.failed(this.#options.failure(error));
    }
  }

  async #openEar(): Promise<void> {
    const ear = await this.#options.ear.open();
    if (this.#ear === ear) return;
    this.#ear = ear;
    this.#heard.clear();
    ear.onMessage((key, payload) => {
      const entry = this.#waiting.get(key);
      if (entry === undefined || !Buffer.isBuffer(payload)) return;
      entry.version++;
      this.#tell(entry, this.#options.context.resultTextOf(payload));
    });
    void ear.closed.then(() => {
      if (this.#waiting.size > 0) this.#pace.tryAgain();
    });
  }

  /** Whatever a failed attempt had marked as heard is subscribed to again. */
  #hearAgain(): void {
    if (this.#ear?.isOpen !== true) this.#heard.clear();
    void this.#hearThisTurn();
  }

  async #read(keys: readonly string[]): Promise<void> {
    const before = keys.map((key) => this.#waiting.get(key)?.version);
    const texts = await this.#options.read(keys);
    for (const [index, key] of keys.entries()) {
      const entry = this.#waiting.get(key);
      const text = texts[index] ?? null;
      if (entry !== undefined && text !== null && entry.version === before[index]) this.#tell(entry, text);
    }
  }

  async #readAll(): Promise<void> {
    try {
      for (const keys of batches([...this.#waiting.keys()])) await this.#read(keys);
    } catch (error) {
      this.#options.context.logger.debug("Results cannot be read at present; tried again", { reason: reasonOf(error) });
    }
  }

  #tell(entry: Awaited<number>, text: string): void {
    if (text !== entry.text) this.#waiting.tell(entry, text);
  }
}

function batches(keys: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(keys.length / batchKeys) }, (_, index) => keys.slice(index * batchKeys, (index + 1) * batchKeys));
}
