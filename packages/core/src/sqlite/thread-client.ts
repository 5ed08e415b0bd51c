/**
 * The main thread's end of one I/O thread: collects the operations of an event-loop turn, hands them over in one message and routes what
 * comes back. Duties: 1. batch, 2. match answers to callers, 3. refuse everyone when the thread is gone, 4. keep the process alive while
 * anybody waits for the thread, and no longer. What the thread tells by itself goes to its listeners.
 */
import { Worker } from "node:worker_threads";
import type { Timer } from "../clock.ts";
import type { DriverContext } from "../driver.ts";
import { threadEntry } from "../entry.ts";
import type { CeleriacError } from "../errors.ts";
import { errorOf, StoreError } from "./failure.ts";
import type { IoThreadOptions } from "./io-thread.ts";
import {
  type Answer,
  type Failure,
  isFailure,
  type Operation,
  type OperationFields,
  type OperationKind,
  type Report,
  type Request,
} from "./operation.ts";
import { type ConsumerRoute, ThreadListeners } from "./thread-listeners.ts";

interface Pending {
  readonly route: ConsumerRoute | null;
  resolve(answer: unknown): void;
  reject(error: StoreError): void;
}

/** Longer than a connection waits for others. */
const openDeadlineMs = 30_000;
const closeDeadlineMs = 5_000;

export class ThreadClient {
  /** Rejects when the file could not be opened. */
  readonly opened: Promise<void>;
  readonly #options: IoThreadOptions;
  readonly #context: DriverContext;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new ThreadListeners();
  readonly #lostListeners = new Set<(error: CeleriacError) => void>();
  readonly #exit: Promise<unknown>;
  readonly #opening: Timer;
  #settleOpened: { resolve(): void; reject(error: unknown): void } = { resolve() {}, reject() {} };
  #operations: Operation[] = [];
  #raws: Uint8Array[] = [];
  #next = 0;
  #flushing = false;
  #isOpening = true;
  #holdsProcess = true;
  #gone: Failure | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: IoThreadOptions, context: DriverContext) {
    this.#options = options;
    this.#context = context;
    this.opened = new Promise<void>((resolve, reject) => {
      this.#settleOpened = { resolve, reject };
    });
    // Whoever opens the store sees the rejection; nobody may be there yet.
    this.opened.catch(() => {});
    const { url, execArgv } = threadEntry(import.meta.url, "./io-thread");
    this.#worker = new Worker(url, { workerData: options, execArgv: [...execArgv], name: "celeriac-sqlite" });
    this.#exit = new Promise((resolve) => this.#worker.once("exit", resolve));
    this.#worker.on("message", (report: Report) => this.#onReport(report));
    this.#worker.on("error", (error) =>
      this.#onEnd({ failed: "BROKER_REFUSED", message: `I/O thread of ${options.path} failed: ${error}`, uncertain: true }),
    );
    this.#opening = context.clock.after(openDeadlineMs, () => this.#giveUpOpening());
    this.#worker.on("exit", () => this.#onEnd({ failed: "BROKER_CLOSED", message: `${options.path} was closed`, uncertain: true }));
  }

  /** Rejects with a StoreError. `raws`: the raw envelopes the operation announces, in order. `route`: for what it consumes. */
  run<K extends OperationKind>(
    kind: K,
    fields: OperationFields<K>,
    raws: readonly Uint8Array[] = [],
    route: ConsumerRoute | null = null,
  ): Promise<Answer<K>> {
    if (this.#gone !== null) return Promise.reject(new StoreError({ ...this.#gone, uncertain: false }));
    const operation = { kind, ...fields } as Operation;
    // What is claimed until it has left is handed back with the rest.
    if (operation.kind === "leave") this.#listeners.removeConsumer(operation.consumer);
    this.#operations.push(operation);
    for (const raw of raws) this.#raws.push(raw);
    const number = this.#next;
    this.#next += 1;
    if (!this.#flushing) {
      this.#flushing = true;
      setImmediate(() => this.#flush());
    }
    return new Promise((resolve, reject) => {
      this.#pending.set(number, { route, resolve: resolve as (answer: unknown) => void, reject });
      this.#holdWhileAwaited();
    });
  }

  /** Calls `listener` for each change of a result until the returned function is called. */
  onResult(taskId: string, listener: (text: string) => void): () => void {
    const remove = this.#listeners.addResult(taskId, listener);
    this.#holdWhileAwaited();
    return () => {
      remove();
      this.#holdWhileAwaited();
    };
  }

  /** Calls `heard` for what is told on the exchange until the returned function has been called. Rejects with a StoreError. */
  async subscribe(exchange: string, heard: (routingKey: string, raw: Uint8Array) => void): Promise<() => Promise<void>> {
    const subscriber = this.#listeners.addSubscriber(heard);
    const forget = () => {
      const wasThere = this.#listeners.removeSubscriber(subscriber);
      this.#holdWhileAwaited();
      return wasThere;
    };
    try {
      await this.run("subscribe", { subscriber, exchange });
    } catch (error) {
      forget();
      throw error;
    }
    return async () => {
      if (forget()) await this.run("unsubscribe", { subscriber });
    };
  }

  /** Calls `listener` once if the thread ends without having been asked. */
  onLost(listener: (error: CeleriacError) => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  /** Ends the thread, after what was handed over before. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    this.#holdWhileAwaited();
    return this.#closing;
  }

  /** A producer with nothing to do must be able to end; who consumes, waits for a result or for an answer must not. */
  #holdWhileAwaited(): void {
    const isAwaited = this.#isOpening || this.#pending.size > 0 || !this.#listeners.isEmpty || this.#closing !== null;
    if (isAwaited === this.#holdsProcess) return;
    this.#holdsProcess = isAwaited;
    if (isAwaited) this.#worker.ref();
    else this.#worker.unref();
  }

  async #close(): Promise<void> {
    this.#flush();
    this.#worker.postMessage({ kind: "close" } satisfies Request);
    // Another process may hold the write lock for ever (paused in the middle): the thread would wait for it.
    const deadline = this.#context.clock.after(closeDeadlineMs, () => void this.#worker.terminate());
    await this.#exit;
    deadline.cancel();
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#operations.length === 0 || this.#gone !== null) return;
    const raw = joined(this.#raws);
    const first = this.#next - this.#operations.length;
    const request: Request = { kind: "turn", first, operations: this.#operations, raw };
    this.#operations = [];
    this.#raws = [];
    this.#worker.postMessage(request, [raw.buffer]);
  }

  #onReport(report: Report): void {
    switch (report.kind) {
      case "answers":
        this.#onAnswers(report.first, report.answers);
        this.#holdWhileAwaited();
        break;
      case "claimed":
        this.#listeners.claimed(report);
        break;
      case "results":
        this.#listeners.results(report);
        break;
      case "heard":
        this.#listeners.heard(report);
        break;
      case "fenced":
        this.#listeners.fenced(report.consumer);
        this.#holdWhileAwaited();
        break;
      case "ask":
        this.#worker.postMessage({ kind: "alive" } satisfies Request);
        break;
      case "trouble":
        this.#onTrouble(report.failure);
        break;
      case "note":
        this.#context.logger[report.level](report.text, { path: this.#options.path, ...report.fields });
        break;
      case "opened":
        // Too late, and nobody has it: whoever tried again has another thread.
        if (this.#gone !== null) this.#worker.postMessage({ kind: "close" } satisfies Request);
        this.#opening.cancel();
        this.#isOpening = false;
        this.#settleOpened.resolve();
        this.#holdWhileAwaited();
        break;
      case "ended":
        if (report.failure !== null) this.#onEnd(report.failure);
        break;
    }
  }

  #onAnswers(first: number, answers: readonly unknown[]): void {
    for (const [index, answer] of answers.entries()) {
      const pending = this.#pending.get(first + index);
      if (pending === undefined) continue;
      this.#pending.delete(first + index);
      if (isFailure(answer)) {
        pending.reject(new StoreError(answer));
        continue;
      }
      // In place before the first claim arrives, which is in a later message.
      if (pending.route !== null) this.#listeners.addConsumer(answer as number, pending.route);
      pending.resolve(answer);
    }
  }

  #onTrouble(failure: Failure | null): void {
    const error = failure === null ? null : errorOf(failure);
    if (error !== null) this.#context.logger.error("SQLite file cannot be used", { path: this.#options.path, errorCode: error.code });
    this.#listeners.trouble(error);
  }

  /** The thread is left to itself: to end it in the middle of libsql could end the process. */
  #giveUpOpening(): void {
    this.#isOpening = false;
    const message = `${this.#options.path} did not open within ${openDeadlineMs / 1_000} s`;
    this.#onEnd({ failed: "BROKER_UNREACHABLE", message, uncertain: false });
    this.#holdWhileAwaited();
  }

  #onEnd(failure: Failure): void {
    if (this.#gone !== null) return;
    this.#gone = failure;
    this.#opening.cancel();
    const error = errorOf(failure);
    this.#settleOpened.reject(error);
    for (const pending of this.#pending.values()) pending.reject(new StoreError(failure));
    this.#pending.clear();
    this.#listeners.end();
    if (this.#closing === null) for (const listener of [...this.#lostListeners]) listener(error);
  }
}

/** One buffer that can be given away: raw envelopes may lie in Node's shared pool. */
function joined(raws: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(raws.reduce((sum, raw) => sum + raw.byteLength, 0));
  let offset = 0;
  for (const raw of raws) {
    all.set(raw, offset);
    offset += raw.byteLength;
  }
  return all;
}
