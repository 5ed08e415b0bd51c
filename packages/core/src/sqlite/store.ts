/**
 * The main thread's side of one file: collects the operations of an event-loop turn, hands them to the I/O thread in one message and
 * routes what comes back. One thread for each file and process, shared by all drivers on it and closed by the last.
 */
import { Worker } from "node:worker_threads";
import type { DriverContext } from "../driver.ts";
import { threadEntry } from "../entry.ts";
import { CeleriacError } from "../errors.ts";
import { errorOf } from "./failure.ts";
import { canonicalPath, filePathOf } from "./file-path.ts";
import { refuseNetworkFileSystem } from "./file-system.ts";
import type { IoThreadOptions } from "./io-thread.ts";
import {
  type Answer,
  type ClaimedMessage,
  type Failure,
  isFailure,
  type Operation,
  type OperationFields,
  type OperationKind,
  type Report,
  type Request,
} from "./operation.ts";

/** An operation was refused: `uncertain` says that it may have been written all the same. */
export class StoreError extends CeleriacError {
  readonly uncertain: boolean;
  constructor(failure: Failure) {
    super(failure.failed, failure.message);
    this.uncertain = failure.uncertain;
  }
}

/** What a consumer is told; called synchronously. */
export interface ConsumerRoute {
  claimed(message: ClaimedMessage, raw: Uint8Array): void;
  fenced(): void;
  /** The file cannot be written for now (an error), or can again (null). */
  trouble(error: CeleriacError | null): void;
}

export interface Store {
  readonly path: string;
  /** Rejects with a StoreError. `raws`: the raw envelopes the operation announces, in order. */
  run<K extends OperationKind>(kind: K, fields: OperationFields<K>, raws?: readonly Uint8Array[]): Promise<Answer<K>>;
  /** Opens a consumer; `route` is in place before the first claim arrives. */
  consume(fields: OperationFields<"consume">, route: ConsumerRoute): Promise<number>;
  /** Calls `listener` for each change of a result until the returned function is called. */
  onResult(taskId: string, listener: (text: string) => void): () => void;
  /** Calls `listener` once if the thread ends without having been asked. */
  onLost(listener: (error: CeleriacError) => void): () => void;
  /** Gives the store back; the last one to do so ends the thread. Resolves when it has ended. */
  close(): Promise<void>;
}

interface Pending {
  readonly kind: OperationKind;
  resolve(answer: unknown): void;
  reject(error: StoreError): void;
}

interface Shared {
  readonly thread: IoThread;
  readonly opened: Promise<void>;
  users: number;
  closing: Promise<void> | null;
}

// One file must have one thread in a process, whoever opens it: so this list cannot belong to any of them.
const shared = new Map<string, Shared>();
const closeDeadlineMs = 5_000;

/** Throws CONFIG_URL, CONFIG_DRIVER_MISSING, BROKER_UNREACHABLE, BROKER_LAYOUT, STORE_CORRUPT, STORE_NETWORK. */
export async function openStore(url: string, context: DriverContext): Promise<Store> {
  const path = canonicalPath(filePathOf(url));
  refuseNetworkFileSystem(path);
  const key = `${context.durability} ${path}`;
  for (let existing = shared.get(key); existing?.closing; existing = shared.get(key)) await existing.closing;
  const entry = shared.get(key) ?? startThread(key, { path, durability: context.durability }, context);
  entry.users += 1;
  try {
    await entry.opened;
  } catch (error) {
    entry.users -= 1;
    if (shared.get(key) === entry) shared.delete(key);
    throw error;
  }
  return userOf(entry, key, path);
}

function startThread(key: string, options: IoThreadOptions, context: DriverContext): Shared {
  const thread = createIoThread(options, context);
  const entry: Shared = { thread, opened: thread.opened, users: 0, closing: null };
  thread.onLost(() => {
    if (shared.get(key) === entry) shared.delete(key);
  });
  shared.set(key, entry);
  return entry;
}

function userOf(entry: Shared, key: string, path: string): Store {
  let closed: Promise<void> | null = null;
  const { thread } = entry;
  return {
    path,
    run: (kind, fields, raws = []) =>
      closed === null
        ? thread.run(kind, fields, raws)
        : Promise.reject(new StoreError({ failed: "BROKER_CLOSED", message: `${path} was closed`, uncertain: false })),
    consume: (fields, route) => thread.consume(fields, route),
    onResult: thread.onResult,
    onLost: thread.onLost,
    close() {
      if (closed !== null) return closed;
      entry.users -= 1;
      if (entry.users > 0) {
        closed = Promise.resolve();
      } else {
        entry.closing = thread.close().finally(() => {
          if (shared.get(key) === entry) shared.delete(key);
        });
        closed = entry.closing;
      }
      return closed;
    },
  };
}

interface IoThread extends Pick<Store, "consume" | "onResult" | "onLost" | "close"> {
  readonly opened: Promise<void>;
  run<K extends OperationKind>(kind: K, fields: OperationFields<K>, raws: readonly Uint8Array[]): Promise<Answer<K>>;
}

function createIoThread(options: IoThreadOptions, context: DriverContext): IoThread {
  const { url, execArgv } = threadEntry(import.meta.url, "./io-thread");
  const worker = new Worker(url, { workerData: options, execArgv: [...execArgv], name: "celeriac-sqlite" });
  const pending = new Map<number, Pending>();
  const routes = new Map<number, ConsumerRoute>();
  const consuming = new Map<number, ConsumerRoute>();
  const listeners = new Map<string, Set<(text: string) => void>>();
  const lostListeners = new Set<(error: CeleriacError) => void>();
  let operations: Operation[] = [];
  let raws: Uint8Array[] = [];
  let first = 0;
  let flushing = false;
  let lost: Failure | null = null;
  let closing: Promise<void> | null = null;
  let settleOpened: { resolve(): void; reject(error: unknown): void };
  const opened = new Promise<void>((resolve, reject) => {
    settleOpened = { resolve, reject };
  });
  let ended: () => void;
  const exit = new Promise<void>((resolve) => {
    ended = resolve;
  });
  // Whoever opens the store sees the rejection; nobody may be there yet.
  opened.catch(() => {});

  function flush(): void {
    flushing = false;
    if (operations.length === 0) return;
    const raw = joined(raws);
    const request: Request = { kind: "turn", first: first - operations.length, operations, raw };
    operations = [];
    raws = [];
    worker.postMessage(request, [raw.buffer as ArrayBuffer]);
  }

  function run<K extends OperationKind>(kind: K, fields: OperationFields<K>, added: readonly Uint8Array[]): Promise<Answer<K>> {
    if (lost !== null) return Promise.reject(new StoreError({ ...lost, uncertain: false }));
    operations.push({ kind, ...fields } as Operation);
    for (const raw of added) raws.push(raw);
    const number = first;
    first += 1;
    if (!flushing) {
      flushing = true;
      setImmediate(flush);
    }
    return new Promise((resolve, reject) => {
      pending.set(number, { kind, resolve: resolve as (answer: unknown) => void, reject });
    });
  }

  function onAnswers(from: number, answers: readonly unknown[]): void {
    for (let index = 0; index < answers.length; index += 1) {
      const number = from + index;
      const waiting = pending.get(number);
      if (waiting === undefined) continue;
      pending.delete(number);
      const answer = answers[index];
      if (isFailure(answer)) {
        consuming.delete(number);
        waiting.reject(new StoreError(answer));
        continue;
      }
      const route = consuming.get(number);
      if (route !== undefined) {
        consuming.delete(number);
        routes.set(answer as number, route);
      }
      waiting.resolve(answer);
    }
  }

  function onClaimed(messages: readonly ClaimedMessage[], raw: Uint8Array): void {
    let offset = 0;
    for (const message of messages) {
      routes.get(message.consumer)?.claimed(message, raw.subarray(offset, offset + message.size));
      offset += message.size;
    }
  }

  function onEnd(failure: Failure): void {
    if (lost !== null) return;
    lost = failure;
    const error = errorOf(failure);
    settleOpened.reject(error);
    for (const waiting of pending.values()) waiting.reject(new StoreError({ ...failure, uncertain: true }));
    pending.clear();
    routes.clear();
    if (closing === null) for (const listener of [...lostListeners]) listener(error);
    ended();
  }

  worker.on("message", (report: Report) => {
    switch (report.kind) {
      case "answers":
        return onAnswers(report.first, report.answers);
      case "claimed":
        return onClaimed(report.messages, report.raw);
      case "results":
        for (const [taskId, text] of report.changes) for (const listener of [...(listeners.get(taskId) ?? [])]) listener(text);
        return;
      case "fenced": {
        const route = routes.get(report.consumer);
        routes.delete(report.consumer);
        return route?.fenced();
      }
      case "trouble": {
        const error = report.failure === null ? null : errorOf(report.failure);
        if (error !== null) context.logger.error("SQLite file cannot be written", { path: options.path, errorCode: error.code });
        for (const route of [...routes.values()]) route.trouble(error);
        return;
      }
      case "note":
        return context.logger[report.level](report.text, { path: options.path, ...report.fields });
      case "opened":
        return settleOpened.resolve();
      case "refused":
        return onEnd(report.failure);
      case "closed":
        return;
    }
  });
  worker.on("error", (error) =>
    onEnd({ failed: "BROKER_REFUSED", message: `I/O thread of ${options.path} failed: ${error}`, uncertain: true }),
  );
  worker.on("exit", () => onEnd({ failed: "BROKER_CLOSED", message: `${options.path} was closed`, uncertain: true }));

  return {
    opened,
    run,
    consume(fields, route) {
      consuming.set(first, route);
      return run("consume", fields, []);
    },
    onResult(taskId, listener) {
      const own = listeners.get(taskId) ?? new Set();
      own.add(listener);
      listeners.set(taskId, own);
      return () => {
        own.delete(listener);
        if (own.size === 0 && listeners.get(taskId) === own) listeners.delete(taskId);
      };
    },
    onLost(listener) {
      lostListeners.add(listener);
      return () => lostListeners.delete(listener);
    },
    close() {
      closing ??= (async () => {
        flush();
        worker.postMessage({ kind: "close" } satisfies Request);
        // Another process may hold the write lock for ever (stopped in the middle): the thread would wait for it.
        const deadline = context.clock.after(closeDeadlineMs, () => void worker.terminate());
        await exit;
        deadline.cancel();
      })();
      return closing;
    },
  };
}

/** One buffer that can be given away: raw envelopes may lie in Node's shared pool. */
function joined(raws: readonly Uint8Array[]): Uint8Array {
  const total = raws.reduce((sum, raw) => sum + raw.byteLength, 0);
  const all = new Uint8Array(total);
  let offset = 0;
  for (const raw of raws) {
    all.set(raw, offset);
    offset += raw.byteLength;
  }
  return all;
}
