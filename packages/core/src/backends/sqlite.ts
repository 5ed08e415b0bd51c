/** Results in a SQLite file, beside the queues or in a file of their own: found by id from every process of the machine. */
import type { ResultBackend, ResultSubscription } from "../backend.ts";
import type { DriverContext } from "../driver.ts";
import { BackendError, CeleriacError, type ErrorCode } from "../errors.ts";
import { filePathOf } from "../sqlite/file-path.ts";
import type { Answer, OperationFields, OperationKind } from "../sqlite/operation.ts";
import { openStore, type Store } from "../sqlite/store.ts";

/** Throws CONFIG_URL. Opens nothing yet; the first use does, as `connect` would. */
export function createSqliteBackend(url: string, context: DriverContext): ResultBackend {
  const path = filePathOf(url);
  const { clock, logger } = context;
  let store: Store | null = null;
  let connecting: Promise<Store> | null = null;
  let closing: Promise<void> | null = null;
  const subscriptions = new Set<Subscription>();

  function connect(): Promise<Store> {
    if (closing !== null) return Promise.reject(new BackendError("BACKEND_UNREACHABLE", `The result backend on ${path} was closed`));
    if (store !== null) return Promise.resolve(store);
    connecting ??= open().finally(() => {
      connecting = null;
    });
    return connecting;
  }

  async function open(): Promise<Store> {
    const opened = await openStore(url, context).catch(rethrow);
    store = opened;
    opened.onLost(() => {
      if (store !== opened) return;
      store = null;
      for (const subscription of subscriptions) subscription.moved();
    });
    return opened;
  }

  async function ask<K extends OperationKind>(kind: K, fields: OperationFields<K>): Promise<Answer<K>> {
    const open = await connect();
    return await open.run(kind, fields).catch(rethrow);
  }

  return {
    replyTo: null,
    async connect() {
      await connect();
    },
    async store({ taskId, state, attempt, text, expiresMs }) {
      const expires = expiresMs === null ? null : clock.now() + expiresMs;
      return await ask("storeResult", { result: { taskId, state, attempt, text, expires } });
    },
    get: (taskId) => ask("getResult", { taskId }),
    async subscribe(taskId, listener) {
      const subscription = createSubscription(taskId, listener, { connect, context });
      subscriptions.add(subscription);
      try {
        await subscription.start();
      } catch (error) {
        subscriptions.delete(subscription);
        throw error;
      }
      return {
        close() {
          subscriptions.delete(subscription);
          subscription.close();
        },
      };
    },
    async forget(taskId) {
      await ask("forgetResult", { taskId });
    },
    async health() {
      await ask("check", {});
    },
    close() {
      closing ??= (async () => {
        for (const subscription of subscriptions) subscription.close();
        subscriptions.clear();
        await connecting?.catch(() => {});
        await store?.close();
        store = null;
        logger.debug("SQLite result backend closed", { path });
      })();
      return closing;
    },
  };
}

/** Codes of the file itself keep their meaning; whatever else a backend cannot do is "unreachable". */
function rethrow(cause: unknown): never {
  if (!CeleriacError.is(cause)) throw cause;
  const own: ErrorCode = /^(STORE|CONFIG)_|^BROKER_LAYOUT$/.test(cause.code) ? cause.code : "BACKEND_UNREACHABLE";
  throw new BackendError(own, cause.message, { cause });
}

interface Subscription extends ResultSubscription {
  start(): Promise<void>;
  /** The I/O thread is gone: watch again through the next one. */
  moved(): void;
}

function createSubscription(
  taskId: string,
  listener: (text: string) => void,
  parts: { connect(): Promise<Store>; readonly context: DriverContext },
): Subscription {
  const ending = new AbortController();
  let last: string | null = null;
  let stop: (() => void) | null = null;

  function tell(text: string): void {
    if (ending.signal.aborted || text === last) return;
    last = text;
    listener(text);
  }

  async function start(): Promise<void> {
    const store = await parts.connect();
    const forget = store.onResult(taskId, tell);
    try {
      const text = await store.run("watch", { taskId });
      stop = () => {
        forget();
        store.run("unwatch", { taskId }).catch(() => {
          // Closed meanwhile: then nothing is watched any more.
        });
      };
      if (ending.signal.aborted) stop();
      else if (text !== null) tell(text);
    } catch (error) {
      forget();
      rethrow(error);
    }
  }

  return {
    start,
    moved() {
      void (async () => {
        while (!ending.signal.aborted) {
          try {
            return await start();
          } catch (error) {
            parts.context.logger.warn("SQLite result subscription cannot start again yet", { taskId, reason: String(error) });
            await parts.context.clock.sleep(1_000, ending.signal);
          }
        }
      })();
    },
    close() {
      if (ending.signal.aborted) return;
      ending.abort();
      stop?.();
    },
  };
}
