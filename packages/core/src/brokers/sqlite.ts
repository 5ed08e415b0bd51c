/**
 * The embedded broker: one SQLite file for every process of one machine. Everything that follows from a delivery is one transaction,
 * so a settlement either happened or did not.
 */
import type { Broker, Consumer, Publication, QueueStats } from "../broker.ts";
import type { DriverContext } from "../driver.ts";
import { BrokerError, PublishError, reasonOf } from "../errors.ts";
import { StoreError } from "../sqlite/failure.ts";
import { filePathOf, isSameFile } from "../sqlite/file-path.ts";
import type { Answer, OperationFields, OperationKind } from "../sqlite/operation.ts";
import { readEnvelope } from "../sqlite/raw-envelope.ts";
import { openStore, type Store } from "../sqlite/store.ts";
import { openConsumer } from "./sqlite/consumer.ts";
import { type Letter, letterOf, unreadable } from "./sqlite/letter.ts";

/** Rows removed by one transaction of a purge, so that others get their turn. */
const purgeAtOnce = 5_000;
const reconnectMs = 500;

/** `resultUrl` names where results are kept: in the same file they are stored by the settlement itself. Throws CONFIG_URL. */
export function createSqliteBroker(url: string, context: DriverContext, options: { readonly resultUrl: string | null }): Broker {
  const path = filePathOf(url);
  const settlesResults = isSameFile(url, options.resultUrl);
  const { clock, logger } = context;
  let store: Store | null = null;
  let connecting: Promise<Store> | null = null;
  let closing: Promise<void> | null = null;
  const consumers = new Set<Consumer>();
  const ending = new AbortController();

  function connect(): Promise<Store> {
    if (closing !== null) return Promise.reject(closedError());
    if (store !== null) return Promise.resolve(store);
    connecting ??= open().finally(() => {
      connecting = null;
    });
    return connecting;
  }

  async function open(): Promise<Store> {
    const opened = await openStore(url, context);
    if (closing !== null) {
      await opened.close();
      throw closedError();
    }
    store = opened;
    opened.onLost((error) => {
      logger.error("The I/O thread of the SQLite file ended", { path, reason: reasonOf(error) });
      if (store === opened) store = null;
      void reconnect();
    });
    return opened;
  }

  /** Tries until it works or the broker is closed. */
  async function reconnect(): Promise<Store> {
    for (;;) {
      try {
        return await connect();
      } catch (error) {
        if (closing !== null) throw error;
        logger.warn("SQLite file cannot be opened yet", { path, reason: reasonOf(error) });
        await clock.sleep(reconnectMs, ending.signal);
      }
    }
  }

  function closedError(): BrokerError {
    return new BrokerError("BROKER_CLOSED", `The broker on ${path} was closed`);
  }

  async function ask<K extends OperationKind>(kind: K, fields: OperationFields<K>): Promise<Answer<K>> {
    if (closing !== null) throw closedError();
    if (store === null) throw new BrokerError("BROKER_UNREACHABLE", `${path} is not open: connect first`);
    try {
      return await store.run(kind, fields);
    } catch (cause) {
      if (cause instanceof StoreError) throw new BrokerError(cause.code, cause.message, { cause });
      throw cause;
    }
  }

  async function publish(publication: Publication): Promise<void> {
    if (store === null || closing !== null) {
      const retryable = closing === null;
      throw new PublishError("PUBLISH_REJECTED", `${path} is not open: nothing was sent`, { retryable });
    }
    const { message, raw }: Letter = letterOf(publication);
    try {
      await store.run("publish", { message }, [raw]);
    } catch (cause) {
      const uncertain = cause instanceof StoreError && cause.uncertain;
      throw new PublishError(uncertain ? "PUBLISH_UNCERTAIN" : "PUBLISH_REJECTED", reasonOf(cause), { cause, retryable: true });
    }
  }

  const queues: QueueStats = {
    length: (queue) => ask("length", { queue }),
    async oldestAge(queue) {
      const since = await ask("oldest", { queue });
      return since === null ? null : Math.max(0, clock.now() - since);
    },
    async purge(queue) {
      for (let total = 0; ; ) {
        const gone = await ask("purge", { queue, limit: purgeAtOnce });
        total += gone;
        if (gone < purgeAtOnce) return total;
      }
    },
    async peek(queue, limit) {
      const raws = await ask("peek", { queue, limit });
      return raws.map((raw) => {
        try {
          return readEnvelope(raw);
        } catch {
          // Its consumer will dead-letter it with the reason; until then it is shown as it lies there.
          return unreadable(raw);
        }
      });
    },
  };

  async function close(): Promise<void> {
    ending.abort();
    await Promise.all([...consumers].map((consumer) => consumer.close()));
    await connecting?.catch(() => {});
    await store?.close();
    store = null;
  }

  return {
    settlesResults,
    parksOnPublish: true,
    get connected() {
      return store !== null && closing === null;
    },
    async connect() {
      await connect();
    },
    publish,
    async declare(queue) {
      // A queue is a name in a column: it is there as soon as it is used.
      await ask("length", { queue });
    },
    async consume(names, consumeOptions) {
      await connect();
      const consumer = await openConsumer(names, consumeOptions, {
        context,
        settlesResults,
        store: reconnect,
        closed: () => consumers.delete(consumer),
      });
      consumers.add(consumer);
      return consumer;
    },
    queues,
    async health() {
      await ask("check", {});
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}
