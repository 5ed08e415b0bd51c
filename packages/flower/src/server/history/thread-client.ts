/** This thread's end of one of a history's threads. Duties: 1. puts what was heard in one turn of the event loop together; 2. brings answers to those who asked. */
import { Worker } from "node:worker_threads";
import { CeleriacError, type Clock, threadEntry } from "@celeriac/core/runtime";
import type { HeardMessage } from "./history.ts";
import type { FromThread, Questions, ThreadOptions, ToThread } from "./thread-message.ts";

interface Pending {
  resolve(value: unknown): void;
  reject(error: CeleriacError): void;
}

export interface ThreadClientOptions {
  readonly thread: ThreadOptions;
  readonly clock: Clock;
  /** What it says by itself. */
  told(message: Extract<FromThread, { kind: "changed" | "damaged" | "trouble" }>): void;
  /** It has ended, and nobody asked it to. */
  lost(reason: string): void;
}

type Opened = Extract<FromThread, { kind: "opened" }>;

const closeDeadlineMs = 10_000;

export class ThreadClient {
  readonly #options: ThreadClientOptions;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #opened: Promise<Opened>;
  readonly #exit: Promise<void>;
  #settleOpened: { resolve(opened: Opened): void; reject(error: CeleriacError): void } = { resolve() {}, reject() {} };
  #heard: HeardMessage[] = [];
  #next = 0;
  #isFlushing = false;
  #isGone = false;
  #closing: Promise<void> | null = null;

  constructor(options: ThreadClientOptions) {
    this.#options = options;
    this.#opened = new Promise((resolve, reject) => {
      this.#settleOpened = { resolve, reject };
    });
    this.#opened.catch(() => {});
    const { url, execArgv } = threadEntry(import.meta.url, "./history-thread");
    this.#worker = new Worker(url, {
      workerData: options.thread,
      execArgv: [...execArgv],
      name: `celeriac-history-${options.thread.role}`,
    });
    this.#worker.on("message", (message: FromThread) => this.#take(message));
    this.#worker.on("error", (error) => this.#end(String(error)));
    this.#exit = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#end("it has ended");
        resolve();
      });
    });
  }

  /** Rejects when it could not begin. */
  opened(): Promise<Opened> {
    return this.#opened;
  }

  hear(message: HeardMessage): void {
    if (this.#isGone || this.#closing !== null) return;
    this.#heard.push(message);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => this.#flush());
  }

  post(message: Exclude<ToThread, { kind: "heard" | "ask" }>): void {
    if (!this.#isGone) this.#worker.postMessage(message);
  }

  /** Throws what answering threw. */
  ask<Q extends keyof Questions>(question: Q, ...given: Parameters<Questions[Q]>): ReturnType<Questions[Q]> {
    this.#flush();
    const answer = new Promise((resolve, reject) => {
      if (this.#isGone) return reject(new CeleriacError("BROKER_CLOSED", "The history was closed"));
      const id = this.#next++;
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ kind: "ask", id, question, given } satisfies ToThread);
    });
    return answer as ReturnType<Questions[Q]>;
  }

  /** After what was handed over and asked before. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#flush();
    this.post({ kind: "close" });
    const deadline = this.#options.clock.after(closeDeadlineMs, () => void this.#worker.terminate());
    await this.#exit;
    deadline.cancel();
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#heard.length === 0 || this.#isGone) return;
    const sizes = this.#heard.map(({ body }) => body.byteLength);
    // One buffer that can be given away: bodies may lie in Node's shared pool.
    const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
    let offset = 0;
    const messages = this.#heard.map(({ body, headers, contentType }) => {
      bytes.set(body, offset);
      offset += body.byteLength;
      return { headers: plainOf(headers), contentType, size: body.byteLength };
    });
    this.#heard = [];
    const heard: ToThread = { kind: "heard", heardAt: this.#options.clock.now() / 1_000, messages, bytes };
    this.#worker.postMessage(heard, [bytes.buffer]);
  }

  #take(message: FromThread): void {
    if (message.kind === "opened") this.#settleOpened.resolve(message);
    else if (message.kind === "unopened") this.#settleOpened.reject(refusalOf(message));
    else if (message.kind === "answer") this.#settle(message.id, (pending) => pending.resolve(message.value));
    else if (message.kind === "refusal") this.#settle(message.id, (pending) => pending.reject(refusalOf(message)));
    else if (message.kind !== "closed") this.#options.told(message);
  }

  #settle(id: number, settle: (pending: Pending) => void): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (pending !== undefined) settle(pending);
  }

  #end(reason: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    const error = new CeleriacError("BROKER_CLOSED", `The history's thread is gone: ${reason}`);
    this.#settleOpened.reject(error);
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
    if (this.#closing === null) this.#options.lost(reason);
  }
}

function refusalOf({ code, message }: Extract<FromThread, { kind: "refusal" | "unopened" }>): CeleriacError {
  return new CeleriacError(code, message);
}

/** What decides how a body is read: all else of a message's headers may be anything. */
function plainOf({ compression }: HeardMessage["headers"]): HeardMessage["headers"] {
  return typeof compression === "string" ? { compression } : {};
}
