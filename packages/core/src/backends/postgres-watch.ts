/**
 * Who waits for which result in PostgreSQL. Its duties: 1. one connection that listens, while anybody waits; 2. look for a result after
 * that one listens, so that nothing falls in between, together with all others of the turn; 3. do both again after a reconnect, and now and then.
 */
import type { ResultSubscription } from "../backend.ts";
import type { DriverContext } from "../driver.ts";
import { type CeleriacError, reasonOf } from "../errors.ts";
import type { Row } from "../postgres/ask.ts";
import type { Ear } from "../postgres/database.ts";
import { WaitingResults } from "./waiting-results.ts";
import { WatchPace } from "./watch-pace.ts";

export interface WatchOptions {
  readonly context: DriverContext;
  /** our error for what failed */
  failure(error: unknown): CeleriacError;
  /** Opens the connection that listens; `heard` gets the ids of tasks whose result has changed. */
  listen(heard: (taskId: string) => void): Promise<Ear>;
  /** Of these results those whose stamp is another now: task_id, stamp, text. */
  changed(taskIds: readonly string[], stamps: readonly (string | null)[]): Promise<readonly Row[]>;
}

/** Most results of one question. */
const batchSize = 100;

export class ResultWatch {
  readonly #options: WatchOptions;
  /** by task id; versions are stamps */
  readonly #waiting: WaitingResults<string | null>;
  readonly #pace: WatchPace;
  /** results to be looked for in the next turn */
  #wanted = new Set<string>();
  /** One look after the other, so that what is told last is the newest. */
  #looking: Promise<void> = Promise.resolve();
  #turn: Promise<void> | null = null;
  #ear: Ear | null = null;
  #opening: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#waiting = new WaitingResults(null, () => this.#adjust());
    const lookForAll = () => void this.#lookFor(this.#waiting.keys());
    this.#pace = new WatchPace({ context: options.context, look: lookForAll, again: lookForAll });
  }

  /** Resolves when the present text, if any, was told; or could not be asked for, which is then tried until it can. */
  async subscribe(taskId: string, listener: (text: string) => void): Promise<ResultSubscription> {
    if (this.#isClosed) throw this.#options.failure(new Error("it was closed"));
    const subscription = this.#waiting.add(taskId, listener);
    this.#adjust();
    await this.#lookFor([taskId]);
    return subscription;
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
    this.#pace.stop();
    this.#ear?.close();
  }

  /** While nobody waits nobody looks, and the connection keeps no process alive. */
  #adjust(): void {
    const isNeeded = this.#waiting.size > 0;
    this.#pace.adjust(isNeeded);
    this.#ear?.hold(isNeeded);
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
    const wanted = [...this.#wanted].filter((taskId) => this.#waiting.get(taskId) !== undefined);
    this.#wanted = new Set();
    if (wanted.length === 0 || this.#isClosed) return;
    try {
      await this.#listen();
      for (let from = 0; from < wanted.length; from += batchSize) await this.#read(wanted.slice(from, from + batchSize));
      this.#pace.succeeded();
    } catch (error) {
      if (!this.#isClosed) this.#pace.failed(this.#options.failure(error));
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
      if (this.#waiting.get(taskId) !== undefined) void this.#lookFor([taskId]);
    });
    if (this.#isClosed) return ear.close();
    this.#ear = ear;
    this.#adjust();
    void ear.gone.then((reason) => {
      this.#ear = null;
      if (this.#isClosed) return;
      this.#options.context.logger.debug("The connection that listens for results is gone", { reason: reasonOf(reason) });
      if (this.#waiting.size > 0) this.#pace.tryAgain();
    });
  }

  async #read(taskIds: readonly string[]): Promise<void> {
    const stamps = taskIds.map((taskId) => this.#waiting.get(taskId)?.version ?? null);
    for (const row of await this.#options.changed(taskIds, stamps)) {
      const entry = this.#waiting.get(String(row["task_id"]));
      const stamp = String(row["stamp"]);
      if (entry === undefined || entry.version === stamp) continue;
      entry.version = stamp;
      this.#waiting.tell(entry, String(row["text"]));
    }
  }
}
