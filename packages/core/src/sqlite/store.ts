/** One file, opened once for all drivers of a process: whoever opens it again joins the I/O thread that is there, the last to close ends it. */
import type { DriverContext } from "../driver.ts";
import { StoreError } from "./failure.ts";
import { canonicalPath, filePathOf } from "./file-path.ts";
import { refuseNetworkFileSystem } from "./file-system.ts";
import type { Answer, OperationFields, OperationKind } from "./operation.ts";
import { ThreadClient } from "./thread-client.ts";
import type { ConsumerRoute } from "./thread-listeners.ts";

export interface Store extends Pick<ThreadClient, "onResult" | "onLost" | "subscribe"> {
  /** Rejects with a StoreError. `raws`: the raw envelopes the operation announces, in order. */
  run<K extends OperationKind>(kind: K, fields: OperationFields<K>, raws?: readonly Uint8Array[]): Promise<Answer<K>>;
  /** Opens a consumer; `route` is in place before the first claim arrives. */
  consume(fields: OperationFields<"consume">, route: ConsumerRoute): Promise<number>;
  /** Gives the store back. Resolves, for the last one, when the thread has ended. */
  close(): Promise<void>;
}

interface Shared {
  readonly thread: ThreadClient;
  users: number;
  closing: Promise<void> | null;
}

// One file must have one thread in a process, whoever opens it: so this list cannot belong to any of them.
const shared = new Map<string, Shared>();

/** Throws CONFIG_URL, CONFIG_DRIVER_MISSING, BROKER_UNREACHABLE, BROKER_LAYOUT, STORE_CORRUPT, STORE_NETWORK. */
export async function openStore(url: string, context: DriverContext): Promise<Store> {
  const path = canonicalPath(filePathOf(url));
  refuseNetworkFileSystem(path);
  const key = `${context.durability} ${path}`;
  for (let ending = shared.get(key); ending?.closing; ending = shared.get(key)) await ending.closing;
  const entry = shared.get(key) ?? startThread(key, path, context);
  entry.users += 1;
  try {
    await entry.thread.opened;
  } catch (error) {
    entry.users -= 1;
    throw error;
  }
  return openFor(entry, key, path);
}

function startThread(key: string, path: string, context: DriverContext): Shared {
  const entry: Shared = { thread: new ThreadClient({ path, durability: context.durability }, context), users: 0, closing: null };
  shared.set(key, entry);
  entry.thread.onLost(() => forget(key, entry));
  return entry;
}

function forget(key: string, entry: Shared): void {
  if (shared.get(key) === entry) shared.delete(key);
}

function openFor(entry: Shared, key: string, path: string): Store {
  const { thread } = entry;
  let closed: Promise<void> | null = null;

  function close(): Promise<void> {
    entry.users -= 1;
    if (entry.users > 0) return Promise.resolve();
    entry.closing = thread.close().finally(() => forget(key, entry));
    return entry.closing;
  }

  return {
    run(kind, fields, raws) {
      if (closed === null) return thread.run(kind, fields, raws);
      return Promise.reject(new StoreError({ failed: "BROKER_CLOSED", message: `${path} was closed`, uncertain: false }));
    },
    consume: (fields, route) => thread.run("consume", fields, [], route),
    onResult: (taskId, listener) => thread.onResult(taskId, listener),
    subscribe: (exchange, heard) => thread.subscribe(exchange, heard),
    onLost: (listener) => thread.onLost(listener),
    close() {
      closed ??= close();
      return closed;
    },
  };
}
