/** Results in a SQLite file, beside the queues or in a file of their own: found by id from every process of the machine. */

import type { GroupRecord, ResultBackend, ResultRecord, ResultSubscription, StoreOutcome } from "../backend.ts";
import type { ChordStore } from "../chord.ts";
import type { DriverContext } from "../driver.ts";
import type { ErrorCode } from "../error-table.ts";
import { BackendError, CeleriacError, reasonOf } from "../errors.ts";
import type { ServerFacts } from "../server-facts.ts";
import { filePathOf } from "../sqlite/file-path.ts";
import { newResult } from "../sqlite/new-result.ts";
import type { Answer, OperationFields, OperationKind } from "../sqlite/operation.ts";
import { openStore, type Store } from "../sqlite/store.ts";
import { groupsAmongResults } from "./groups-among-results.ts";
import { createSqliteChords } from "./sqlite-chords.ts";

const resubscribeMs = 500;

/** Throws CONFIG_URL. Opens nothing yet; the first use does, as `connect` would. */
export function createSqliteBackend(url: string, context: DriverContext): ResultBackend {
  return new SqliteBackend(url, context);
}

class SqliteBackend implements ResultBackend {
  readonly replyTo = null;
  readonly chords: ChordStore;
  readonly #url: string;
  readonly #path: string;
  readonly #context: DriverContext;
  readonly #subscriptions = new Set<Subscription>();
  readonly #groups = groupsAmongResults(this);
  #store: Store | null = null;
  #connecting: Promise<Store> | null = null;
  #closing: Promise<void> | null = null;

  constructor(url: string, context: DriverContext) {
    this.#url = url;
    this.#path = filePathOf(url);
    this.#context = context;
    this.chords = createSqliteChords((kind, fields) => this.#ask(kind, fields), context.clock);
  }

  async connect(): Promise<void> {
    await this.#connect();
  }

  async store(record: ResultRecord): Promise<StoreOutcome> {
    return await this.#ask("storeResult", { result: newResult(record, this.#context.clock.now()) });
  }

  async get(taskId: string): Promise<string | null> {
    return await this.#ask("getResult", { taskId });
  }

  async getMany(taskIds: readonly string[]): Promise<readonly (string | null)[]> {
    // What is asked in one turn crosses to the I/O thread together.
    return await Promise.all(taskIds.map((taskId) => this.get(taskId)));
  }

  async subscribe(taskId: string, listener: (text: string) => void): Promise<ResultSubscription> {
    const subscription = new Subscription(taskId, listener, () => this.#connect(), this.#context);
    this.#subscriptions.add(subscription);
    const close = () => {
      this.#subscriptions.delete(subscription);
      subscription.close();
    };
    try {
      await subscription.start();
    } catch (error) {
      close();
      throw error;
    }
    return { close };
  }

  async forget(taskId: string): Promise<void> {
    await this.#ask("forgetResult", { taskId });
  }

  saveGroup(record: GroupRecord): Promise<void> {
    return this.#groups.saveGroup(record);
  }

  restoreGroup(groupId: string): Promise<string | null> {
    return this.#groups.restoreGroup(groupId);
  }

  forgetGroup(groupId: string): Promise<void> {
    return this.#groups.forgetGroup(groupId);
  }

  async health(): Promise<void> {
    await this.#ask("check", {});
  }

  async facts(): Promise<ServerFacts> {
    await this.health();
    return { software: "SQLite", skewMs: null, persistent: true };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #connect(): Promise<Store> {
    if (this.#closing !== null) return Promise.reject(new BackendError("BACKEND_UNREACHABLE", `The backend on ${this.#path} was closed`));
    if (this.#store !== null) return Promise.resolve(this.#store);
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  async #open(): Promise<Store> {
    const store = await openStore(this.#url, this.#context).catch(rethrow);
    this.#store = store;
    store.onLost(() => {
      if (this.#store !== store) return;
      this.#store = null;
      for (const subscription of this.#subscriptions) void subscription.restart();
    });
    return store;
  }

  async #ask<K extends OperationKind>(kind: K, fields: OperationFields<K>): Promise<Answer<K>> {
    const store = await this.#connect();
    return await store.run(kind, fields).catch(rethrow);
  }

  async #close(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.close();
    this.#subscriptions.clear();
    await this.#connecting?.catch(() => {});
    await this.#store?.close();
    this.#store = null;
  }
}

/** Codes of the file itself keep their meaning; whatever else a backend cannot do is "unreachable". */
function rethrow(cause: unknown): never {
  if (!CeleriacError.is(cause)) throw cause;
  const code: ErrorCode = /^(STORE|CONFIG)_|^BROKER_LAYOUT$/.test(cause.code) ? cause.code : "BACKEND_UNREACHABLE";
  throw new BackendError(code, cause.message, { cause });
}

/** One listener for one task, through as many I/O threads as it takes. */
class Subscription {
  readonly #taskId: string;
  readonly #listener: (text: string) => void;
  readonly #connect: () => Promise<Store>;
  readonly #context: DriverContext;
  readonly #ending = new AbortController();
  #last: string | null = null;
  #stop: (() => void) | null = null;

  constructor(taskId: string, listener: (text: string) => void, connect: () => Promise<Store>, context: DriverContext) {
    this.#taskId = taskId;
    this.#listener = listener;
    this.#connect = connect;
    this.#context = context;
  }

  async start(): Promise<void> {
    const store = await this.#connect();
    const taskId = this.#taskId;
    const forget = store.onResult(taskId, (text) => this.#tell(text));
    let text: string | null;
    try {
      text = await store.run("watch", { taskId });
    } catch (error) {
      forget();
      rethrow(error);
    }
    this.#stop = () => {
      forget();
      store.run("unwatch", { taskId }).catch(() => {
        // Closed meanwhile: then nothing is watched any more.
      });
    };
    if (this.#ending.signal.aborted) this.#stop();
    else if (text !== null) this.#tell(text);
  }

  /** The I/O thread is gone: watches through the next one, as soon as there is one. */
  async restart(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      try {
        await this.start();
        return;
      } catch (error) {
        this.#context.logger.warn("SQLite result cannot be watched yet", { taskId: this.#taskId, reason: reasonOf(error) });
        await this.#context.clock.sleep(resubscribeMs, this.#ending.signal);
      }
    }
  }

  close(): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#stop?.();
  }

  #tell(text: string): void {
    if (this.#ending.signal.aborted || text === this.#last) return;
    this.#last = text;
    this.#listener(text);
  }
}
