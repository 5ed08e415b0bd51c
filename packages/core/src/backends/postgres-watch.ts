/**
 * Who waits for which result in PostgreSQL. Its duties: 1. one connection that listens, while anybody waits; 2. look for a result after
 * that one listens, so that nothing falls in between, together with all others of the turn; 3. do both again after a reconnect;
 * 4. look now and then anyway, so that a lost notice costs seconds.
 */
import type { ResultSubscription } from "../backend.ts";
import type { Timer } from "../clock.ts";
import type { DriverContext } from "../driver.ts";
import { type CeleriacError, reasonOf } from "../errors.ts";
import type { Row } from "../postgres/ask.ts";
import type { Ear } from "../postgres/database.ts";
import { createRetryLog, type RetryLog } from "../retry-log.ts";

export interface WatchOptions {
  readonly context: DriverContext;
  /** our error for what failed */
  failure(error: unknown): CeleriacError;
  /** Opens the connection that listens; `heard` gets the ids of tasks whose result has changed. */
  listen(heard: (taskId: string) => void): Promise<Ear>;
  /** Of these results those whose stamp is another now: task_id, stamp, text. */
  changed(taskIds: readonly string[], stamps: readonly (string | null)[]): Promise<readonly Row[]>;
}

/** A result somebody waits for. */
interface Watched {
  readonly listeners: Set<(text: string) => void>;
  /** what the listeners know */
  text: string | null;
  stamp: string | null;
}

const pollMs = 5_000;
const firstRetryMs = 50;
const longestRetryMs = 1_000;
/** Most results of one question. */
const batchSize = 100;

export class ResultWatch {
  readonly #options: WatchOptions;
  readonly #watched = new Map<string, Watched>();
  /** results to be looked for in the next turn */
  #wanted = new Set<string>();
  /** One look after the other, so that what is told last is the newest. */
  #looking: Promise<void> = Promise.resolve();
  #turn: Promise<void> | null = null;
  #ear: Ear | null = null;
  #opening: Promise<void> | null = null;
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
  async subscribe(taskId: string, listener: (text: string) => void): Promise<ResultSubscription> {
    if (this.#isClosed) throw this.#options.failure(new Error("it was closed"));
    const entry = this.#watched.get(taskId) ?? { listeners: new Set(), text: null, stamp: null };
    this.#watched.set(taskId, entry);
    // A function of its own: the same listener may subscribe twice.
    const tell = (text: string) => listener(text);
    entry.listeners.add(tell);
    if (entry.text !== null) tell(entry.text);
    this.#ear?.hold(true);
    this.#poll ??= this.#options.context.clock.every(pollMs, () => void this.#lookFor(this.#watched.keys()));
    await this.#lookFor([taskId]);
    return { close: () => this.#leave(taskId, entry, tell) };
  }

  close(): void {
    this.#isClosed = true;
    this.#watched.clear();
    this.#retry?.cancel();
    this.#poll?.cancel();
    this.#ear?.close();
  }

  #leave(taskId: string, entry: Watched, tell: (text: string) => void): void {
    if (!entry.listeners.delete(tell) || entry.listeners.size > 0 || this.#watched.get(taskId) !== entry) return;
    this.#watched.delete(taskId);
    if (this.#watched.size > 0) return;
    this.#poll?.cancel();
    this.#poll = null;
    this.#ear?.hold(false);
  }

  /** Resolves when it was looked for these, or could not be. Never rejects. */
  #lookFor(taskIds: Iterable<string>): Promise<void> {
    for (const taskId of taskIds) this.#wanted.add(taskId);
    this.#turn ??= this.#looking
      .then(() => new Promise<void>((resolve) => setImmediate(resolve)))
      .then(() => {
        this.#turn = null;
        this.#looking = this.#look();
        return this.#looking;
      });
    return this.#turn;
  }

  async #look(): Promise<void> {
    const wanted = [...this.#wanted].filter((taskId) => this.#watched.has(taskId));
    this.#wanted = new Set();
    if (wanted.length === 0 || this.#isClosed) return;
    try {
      await this.#listen();
      for (let from = 0; from < wanted.length; from += batchSize) await this.#read(wanted.slice(from, from + batchSize));
      this.#retries = 0;
      this.#log.succeeded();
    } catch (error) {
      if (this.#isClosed) return;
      this.#log.failed("Results cannot be watched at present; tried again", this.#options.failure(error));
      this.#tryAgain();
    }
  }

  /** Makes sure that there is a connection that listens. */
  #listen(): Promise<void> {
    if (this.#ear !== null) return Promise.resolve();
    this.#opening ??= this.#openEar().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #openEar(): Promise<void> {
    const ear = await this.#options.listen((taskId) => {
      if (this.#watched.has(taskId)) void this.#lookFor([taskId]);
    });
    if (this.#isClosed) return ear.close();
    this.#ear = ear;
    ear.hold(this.#watched.size > 0);
    void ear.gone.then((reason) => {
      this.#ear = null;
      if (this.#isClosed) return;
      this.#options.context.logger.debug("The connection that listens for results is gone", { reason: reasonOf(reason) });
      if (this.#watched.size > 0) this.#tryAgain();
    });
  }

  /** Looks for everything once more, a little later. */
  #tryAgain(): void {
    if (this.#isClosed) return;
    const waitMs = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#retries);
    this.#retry ??= this.#options.context.clock.after(waitMs, () => {
      this.#retry = null;
      this.#retries++;
      void this.#lookFor(this.#watched.keys());
    });
  }

  async #read(taskIds: readonly string[]): Promise<void> {
    const stamps = taskIds.map((taskId) => this.#watched.get(taskId)?.stamp ?? null);
    for (const row of await this.#options.changed(taskIds, stamps)) {
      const entry = this.#watched.get(String(row["task_id"]));
      const stamp = String(row["stamp"]);
      if (entry === undefined || entry.stamp === stamp) continue;
      entry.stamp = stamp;
      entry.text = String(row["text"]);
      for (const listener of [...entry.listeners]) listener(entry.text);
    }
  }
}
