/**
 * Who waits for which result. Its duties: 1. one SUBSCRIBE per key, whatever the number of listeners, together with all others of
 * the turn; 2. read each key after it was subscribed to, so that nothing falls in between; 3. do both again after a reconnect;
 * 4. read now and then anyway, so that a lost notice costs seconds.
 */
import type { ResultSubscription } from "../backend.ts";
import type { Timer } from "../clock.ts";
import type { DriverContext } from "../driver.ts";
import { type BackendError, reasonOf } from "../errors.ts";
import type { RedisConnection } from "../redis/connection.ts";
import type { RedisLink } from "../redis/link.ts";
import { createRetryLog, type RetryLog } from "../retry-log.ts";

export interface WatchOptions {
  /** the connection that only listens */
  readonly ear: RedisLink;
  /** the present texts, in the order of the keys */
  read(keys: readonly string[]): Promise<readonly (string | null)[]>;
  readonly context: DriverContext;
  /** our error for what failed */
  failure(error: unknown): BackendError;
}

/** A result somebody waits for. */
interface Watched {
  readonly listeners: Set<(text: string) => void>;
  /** what the listeners know */
  last: string | null;
  /** notices so far: a text that was read before the latest one is older than it */
  notices: number;
}

const pollMs = 5_000;
const firstRetryMs = 50;
const longestRetryMs = 1_000;
/** Most keys of one command. */
const batchKeys = 100;

export class ResultWatch {
  readonly #options: WatchOptions;
  readonly #watched = new Map<string, Watched>();
  /** keys subscribed to on the present connection, or about to be */
  readonly #heard = new Set<string>();
  #ear: RedisConnection | null = null;
  #turn: Promise<void> | null = null;
  #poll: Timer | null = null;
  #retry: Timer | null = null;
  #retries = 0;
  #isClosed = false;
  readonly #log: RetryLog;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#log = createRetryLog(options.context.logger);
  }

  /** Resolves when the present text, if any, was told; or could not be asked for, which is then tried until it can. */
  async subscribe(key: string, listener: (text: string) => void): Promise<ResultSubscription> {
    const entry = this.#watched.get(key) ?? { listeners: new Set(), last: null, notices: 0 };
    this.#watched.set(key, entry);
    // A function of its own: the same listener may subscribe twice.
    const tell = (text: string) => listener(text);
    entry.listeners.add(tell);
    if (entry.last !== null) tell(entry.last);
    this.#poll ??= this.#options.context.clock.every(pollMs, () => void this.#readAll());
    await this.#hearThisTurn();
    return { close: () => this.#leave(key, entry, tell) };
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#poll?.cancel();
    this.#watched.clear();
  }

  #leave(key: string, entry: Watched, tell: (text: string) => void): void {
    if (!entry.listeners.delete(tell) || entry.listeners.size > 0 || this.#watched.get(key) !== entry) return;
    this.#watched.delete(key);
    void this.#hearThisTurn();
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
    try {
      if (this.#watched.size > 0) await this.#openEar();
      const added = [...this.#watched.keys()].filter((key) => !this.#heard.has(key));
      const left = [...this.#heard].filter((key) => !this.#watched.has(key));
      const ear = this.#ear;
      if (ear?.isOpen !== true) return;
      for (const key of added) this.#heard.add(key);
      for (const key of left) this.#heard.delete(key);
      await Promise.all([
        ...batches(left).map((keys) => ear.call("UNSUBSCRIBE", ...keys)),
        ...batches(added).map((keys) => ear.call("SUBSCRIBE", ...keys).then(() => this.#read(keys))),
      ]);
      ear.holdProcess(this.#watched.size > 0);
      this.#retries = 0;
      this.#log.succeeded();
    } catch (error) {
      this.#log.failed("Results cannot be watched at present; tried again", this.#options.failure(error));
      this.#tryAgain();
    }
  }

  async #openEar(): Promise<void> {
    const ear = await this.#options.ear.open();
    if (this.#ear === ear) return;
    this.#ear = ear;
    this.#heard.clear();
    ear.onMessage((key, payload) => {
      const entry = this.#watched.get(key);
      if (entry === undefined || !Buffer.isBuffer(payload)) return;
      entry.notices++;
      this.#tell(entry, this.#options.context.resultTextOf(payload));
    });
    void ear.closed.then(() => {
      if (this.#watched.size > 0) this.#tryAgain();
    });
  }

  #tryAgain(): void {
    if (this.#isClosed) return;
    const waitMs = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#retries);
    this.#retry ??= this.#options.context.clock.after(waitMs, () => {
      this.#retry = null;
      this.#retries++;
      // Whatever a failed attempt had marked as heard is subscribed to again.
      if (this.#ear?.isOpen !== true) this.#heard.clear();
      void this.#hearThisTurn();
    });
  }

  async #read(keys: readonly string[]): Promise<void> {
    const before = keys.map((key) => this.#watched.get(key)?.notices);
    const texts = await this.#options.read(keys);
    for (const [index, key] of keys.entries()) {
      const entry = this.#watched.get(key);
      const text = texts[index] ?? null;
      if (entry !== undefined && text !== null && entry.notices === before[index]) this.#tell(entry, text);
    }
  }

  async #readAll(): Promise<void> {
    try {
      for (const keys of batches([...this.#watched.keys()])) await this.#read(keys);
    } catch (error) {
      this.#options.context.logger.debug("Results cannot be read at present; tried again", { reason: reasonOf(error) });
    }
    if (this.#watched.size > 0) return;
    this.#poll?.cancel();
    this.#poll = null;
  }

  #tell(entry: Watched, text: string): void {
    if (text === entry.last) return;
    entry.last = text;
    for (const listener of [...entry.listeners]) listener(text);
  }
}

function batches(keys: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(keys.length / batchKeys) }, (_, index) => keys.slice(index * batchKeys, (index + 1) * batchKeys));
}
