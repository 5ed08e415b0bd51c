/**
 * The embedded broker: one SQLite file for every process of one machine. Everything that follows from a delivery is one transaction,
 * so a settlement either happened or did not.
 */

import type {
  Broker,
  ChordEnd,
  ConsumeOptions,
  Consumer,
  LiveExchange,
  Passage,
  Publication,
  Queues,
  SubscribeOptions,
  Subscription,
} from "../broker.ts";
import { ConsumedQueues } from "../consumed-queues.ts";
import type { DriverContext } from "../driver.ts";
import { type Envelope, wrapUnreadable } from "../envelope.ts";
import { BrokerError, CeleriacError, PublishError, reasonOf } from "../errors.ts";
import { declaredBindings, type ExchangeBinding } from "../exchange.ts";
import { meant } from "../live-exchange.ts";
import { type PauseStore, type Pausing, pausingQueues, pausingTasks } from "../pauses.ts";
import { plainQueues, type QueueTable, queueNames } from "../queue-table.ts";
import type { ServerFacts } from "../server-facts.ts";
import { StoreError } from "../sqlite/failure.ts";
import { filePathOf, isSameFile } from "../sqlite/file-path.ts";
import { newResult } from "../sqlite/new-result.ts";
import type { Answer, OperationFields, OperationKind } from "../sqlite/operation.ts";
import { readEnvelope } from "../sqlite/raw-envelope.ts";
import { openStore, type Store } from "../sqlite/store.ts";
import { SqliteConsumer } from "./sqlite/consumer.ts";
import { letterOf, rawOf } from "./sqlite/letter.ts";
import { openSubscription } from "./sqlite/subscription.ts";

/** Rows removed by one transaction of a purge, so that others get their turn. */
const purgeAtOnce = 5_000;
const reconnectMs = 500;

export interface SqliteBrokerOptions {
  /** Where results are kept: in the same file they are stored by the settlement itself. */
  readonly resultUrl: string | null;
  /** Which queues are bound to which exchanges; every name is a queue of its own unless told. */
  readonly queues?: QueueTable;
}

/** Throws CONFIG_URL, CONFIG_INVALID for an exchange of a type that a file has not. */
export function createSqliteBroker(url: string, context: DriverContext, options: SqliteBrokerOptions): Broker {
  return new SqliteBroker(url, context, options);
}

class SqliteBroker implements Broker {
  readonly settlesResults: boolean;
  readonly parksOnPublish = true;
  readonly tellsPauses = false;
  readonly queues: Queues;
  readonly pausedTasks: Pausing;
  readonly #url: string;
  readonly #path: string;
  readonly #context: DriverContext;
  readonly #consumers = new Set<Consumer>();
  readonly #subscriptions = new Set<Subscription>();
  readonly #queueTable: QueueTable;
  readonly #bindings: readonly ExchangeBinding[];
  readonly #ending = new AbortController();
  #store: Store | null = null;
  #connecting: Promise<Store> | null = null;
  #closing: Promise<void> | null = null;

  constructor(url: string, context: DriverContext, { resultUrl, queues = plainQueues }: SqliteBrokerOptions) {
    this.#url = url;
    this.#path = filePathOf(url);
    this.#context = context;
    this.settlesResults = isSameFile(url, resultUrl);
    this.#queueTable = queues;
    this.#bindings = declaredBindings(queues);
    const pauses: PauseStore = {
      add: async (entry) => void (await this.#ask("pause", { queue: entry })),
      remove: async (entry) => void (await this.#ask("resume", { queue: entry })),
      of: async (entries) => {
        const paused = await this.#ask("paused", {});
        return new Set(entries.filter((entry) => paused.includes(entry)));
      },
    };
    this.queues = {
      length: (queue) => this.#ask("length", { queue }),
      oldestAge: (queue) => this.#oldestAge(queue),
      peek: (queue, limit) => this.#peek(queue, limit),
      purge: (queue) => this.#purge(queue),
      list: async () => queueNames(await this.#ask("queues", {})),
      bindings: () => this.#ask("bindings", {}),
      ...pausingQueues(pauses),
    };
    this.pausedTasks = pausingTasks(pauses);
  }

  get connected(): boolean {
    return this.#store !== null && this.#closing === null;
  }

  async connect(): Promise<void> {
    await this.#connect();
  }

  async publish(publication: Publication, passage?: Passage): Promise<void> {
    const { message, raw } = letterOf(publication);
    if (passage?.depart !== undefined) await passage.depart();
    const store = this.#openStore();
    try {
      await store.run("publish", { message }, [raw]);
    } catch (cause) {
      throw unroutable(cause) ?? publishFailure(cause);
    }
  }

  async closeChord(chordId: string, { results, publish }: ChordEnd): Promise<boolean> {
    const store = this.#openStore();
    const letters = publish.map(letterOf);
    const now = this.#context.clock.now();
    const fields = { chordId, results: results.map((result) => newResult(result, now)), publish: letters.map(({ message }) => message) };
    try {
      return await store.run(
        "closeChord",
        fields,
        letters.map(({ raw }) => raw),
      );
    } catch (cause) {
      throw unroutable(cause) ?? publishFailure(cause);
    }
  }

  async broadcast({ name }: LiveExchange, routingKey: string, envelope: Envelope): Promise<void> {
    const store = this.#openStore();
    const raw = rawOf(envelope);
    try {
      await store.run("broadcast", { message: { exchange: name, routingKey, size: raw.byteLength } }, [raw]);
    } catch (cause) {
      throw publishFailure(cause);
    }
  }

  async subscribe(exchange: LiveExchange, options: SubscribeOptions): Promise<Subscription> {
    await this.#connect();
    const subscription = await openSubscription(
      exchange.name,
      { ...options, heard: meant(exchange, options) },
      {
        store: () => this.#reconnect(),
        logger: this.#context.logger,
        closed: (each) => this.#subscriptions.delete(each),
      },
    ).catch((cause) => {
      throw cause instanceof StoreError ? new BrokerError(cause.code, cause.message, { cause }) : cause;
    });
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /** A queue is a name in a column: it is there as soon as it is used. */
  async declare(queue: string): Promise<void> {
    if (queue === "") throw new BrokerError("BROKER_REFUSED", "A queue needs a name");
    await this.#ask("check", {});
  }

  async consume(queues: readonly string[], options: ConsumeOptions): Promise<Consumer> {
    await this.#connect();
    const consumer = new SqliteConsumer(new ConsumedQueues(queues, this.#queueTable), options, {
      context: this.#context,
      settlesResults: this.settlesResults,
      store: () => this.#reconnect(),
      closed: () => this.#consumers.delete(consumer),
    });
    this.#consumers.add(consumer);
    await consumer.start();
    return consumer;
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
    if (this.#closing !== null) return Promise.reject(this.#closedError());
    if (this.#store !== null) return Promise.resolve(this.#store);
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  async #open(): Promise<Store> {
    const store = await openStore(this.#url, this.#context);
    if (this.#bindings.length > 0) await this.#bind(store);
    if (this.#closing !== null) {
      await store.close();
      throw this.#closedError();
    }
    this.#store = store;
    store.onLost((error) => {
      this.#context.logger.error("The SQLite file is gone or its I/O thread ended", { path: this.#path, reason: reasonOf(error) });
      if (this.#store === store) this.#store = null;
      // Whoever waits for it sees the failure; without anyone it is tried until the broker is closed.
      this.#reconnect().catch(() => {});
    });
    return store;
  }

  /** The queues an app declares are bound before anything is sent or taken. */
  async #bind(store: Store): Promise<void> {
    try {
      await store.run("bind", { bindings: this.#bindings, consumer: null });
    } catch (cause) {
      await store.close();
      throw cause instanceof StoreError ? new BrokerError(cause.code, cause.message, { cause }) : cause;
    }
  }

  /** Tries until it works or the broker is closed. */
  async #reconnect(): Promise<Store> {
    for (;;) {
      try {
        return await this.#connect();
      } catch (error) {
        if (this.#closing !== null) throw error;
        this.#context.logger.warn("SQLite file cannot be opened yet", { path: this.#path, reason: reasonOf(error) });
        await this.#context.clock.sleep(reconnectMs, this.#ending.signal);
      }
    }
  }

  async #close(): Promise<void> {
    this.#ending.abort();
    await Promise.all([...this.#consumers, ...this.#subscriptions].map((each) => each.close()));
    await this.#connecting?.catch(() => {});
    await this.#store?.close();
    this.#store = null;
  }

  /** What can be written into now. Throws PUBLISH_REJECTED. */
  #openStore(): Store {
    if (this.#store !== null && this.#closing === null) return this.#store;
    const retryable = this.#closing === null;
    throw new PublishError("PUBLISH_REJECTED", `${this.#path} is not open: nothing was sent`, { retryable });
  }

  #closedError(): BrokerError {
    return new BrokerError("BROKER_CLOSED", `The broker on ${this.#path} was closed`);
  }

  async #ask<K extends OperationKind>(kind: K, fields: OperationFields<K>): Promise<Answer<K>> {
    if (this.#closing !== null) throw this.#closedError();
    if (this.#store === null) throw new BrokerError("BROKER_UNREACHABLE", `${this.#path} is not open: connect first`);
    try {
      return await this.#store.run(kind, fields);
    } catch (cause) {
      if (cause instanceof StoreError) throw new BrokerError(cause.code, cause.message, { cause });
      throw cause;
    }
  }

  async #oldestAge(queue: string): Promise<number | null> {
    const since = await this.#ask("oldest", { queue });
    return since === null ? null : Math.max(0, this.#context.clock.now() - since);
  }

  async #peek(queue: string, limit: number): Promise<readonly Envelope[]> {
    const raws = await this.#ask("peek", { queue, limit });
    return raws.map((raw) => {
      try {
        return readEnvelope(raw);
      } catch {
        // Its consumer will dead-letter it with the reason; until then it is shown as it lies there.
        return wrapUnreadable(raw);
      }
    });
  }

  async #purge(queue: string): Promise<number> {
    for (let total = 0; ; ) {
      const gone = await this.#ask("purge", { queue, limit: purgeAtOnce });
      total += gone;
      if (gone < purgeAtOnce) return total;
    }
  }
}

function unroutable(cause: unknown): PublishError | null {
  return CeleriacError.is(cause) && cause.code === "PUBLISH_UNROUTABLE" ? new PublishError(cause.code, cause.message, { cause }) : null;
}

function publishFailure(cause: unknown): PublishError {
  const uncertain = cause instanceof StoreError && cause.uncertain;
  return new PublishError(uncertain ? "PUBLISH_UNCERTAIN" : "PUBLISH_REJECTED", reasonOf(cause), { cause, retryable: true });
}
