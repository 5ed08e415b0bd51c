/** Waits for what a backend will tell of a task: for its end, or for each change. Nobody waits for ever: a closing app ends all waits. */
import type { ResultBackend } from "./backend.ts";
import type { Clock } from "./clock.ts";
import { type Duration, durationMs } from "./duration.ts";
import { BackendError, ResultTimeoutError } from "./errors.ts";
import { readResult } from "./result-meta.ts";
import { isFinal } from "./states.ts";

export interface WaitOptions {
  /** 60 s unless told; Infinity waits for ever */
  timeout?: Duration | undefined;
  signal?: AbortSignal | undefined;
}

/** What waiting needs of the app. */
export interface ResultSource {
  readonly clock: Clock;
  /** Throws RESULT_DISABLED where there is none, APP_CLOSED. */
  backend(): Promise<Pick<ResultBackend, "connect" | "get" | "subscribe" | "forget">>;
  /** Everybody who waits, to be told when the app closes. */
  readonly waits: Set<(closed: Error) => void>;
}

const defaultTimeoutMs = 60_000;

/** The JSON text of the final state; rejects with RESULT_TIMEOUT, BACKEND_AUTH, APP_CLOSED, or with the signal's reason. */
export async function waitForFinal(source: ResultSource, id: string, { timeout, signal }: WaitOptions): Promise<string> {
  const timeoutMs = timeout === undefined ? defaultTimeoutMs : timeout === Number.POSITIVE_INFINITY ? null : durationMs(timeout, "timeout");
  signal?.throwIfAborted();
  const backend = await source.backend();
  return await new Promise<string>((resolve, reject) => {
    let ended = false;
    let unreachable: unknown;
    const end = (settle: () => void) => {
      if (ended) return;
      ended = true;
      timer?.cancel();
      source.waits.delete(onClose);
      signal?.removeEventListener("abort", onAbort);
      settle();
      subscribing.then((subscription) => subscription.close()).catch(() => {});
    };
    const fail = (error: unknown) => end(() => reject(error));
    const heard = (text: string) => {
      try {
        if (isFinal(statusOf(id, text))) end(() => resolve(text));
      } catch (error) {
        fail(error);
      }
    };
    const onAbort = () => fail(signal?.reason);
    const onClose = (closed: Error) => fail(closed);
    const timer = timeoutMs === null ? null : source.clock.after(timeoutMs, () => fail(new ResultTimeoutError(id, timeoutMs, unreachable)));
    source.waits.add(onClose);
    signal?.addEventListener("abort", onAbort, { once: true });
    // A microtask later, so that a listener called at once finds `subscribing` set.
    const subscribing = Promise.resolve().then(() => backend.subscribe(id, heard));
    subscribing.catch(fail);
    // A subscription waits out what will heal; what a person must mend is told now.
    backend.connect().catch((error: unknown) => {
      if (BackendError.is(error) && error.code === "BACKEND_UNREACHABLE") unreachable = error;
      else fail(error);
    });
  });
}

function statusOf(id: string, text: string): string {
  return /^\s*\{\s*"status":\s*"([A-Z_]+)"/.exec(text)?.[1] ?? readResult(id, text).status;
}

/** What `read` makes of each text, null (nothing stored) first unless there is one; ends after a final state, or when `signal` aborts. */
export function watchChanges<S extends { readonly state: string }>(
  source: ResultSource,
  id: string,
  read: (text: string | null) => S,
  signal: AbortSignal | undefined,
): AsyncIterable<S> {
  return {
    [Symbol.asyncIterator]() {
      const watch = new Watch();
      const changes = follow(source, id, read, signal, watch);
      return {
        next: () => changes.next(),
        // A generator that waits could not be ended from outside: it is woken first.
        return() {
          watch.end();
          return changes.return(undefined);
        },
      };
    },
  };
}

/** What is told to one watcher while it looks elsewhere. */
class Watch {
  readonly texts: string[] = [];
  isOver = false;
  failure: Error | null = null;
  #wake = () => {};

  readonly add = (text: string): void => {
    this.texts.push(text);
    this.#wake();
  };

  readonly end = (): void => {
    this.isOver = true;
    this.#wake();
  };

  readonly fail = (error: Error): void => {
    this.failure = error;
    this.end();
  };

  /** Resolves when there is something to look at; at once if there is already. */
  news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.isOver || this.texts.length > 0) resolve();
    });
  }
}

async function* follow<S extends { readonly state: string }>(
  source: ResultSource,
  id: string,
  read: (text: string | null) => S,
  signal: AbortSignal | undefined,
  watch: Watch,
): AsyncGenerator<S, undefined> {
  if (signal?.aborted === true) return;
  const backend = await source.backend();
  source.waits.add(watch.fail);
  signal?.addEventListener("abort", watch.end, { once: true });
  try {
    const subscription = await backend.subscribe(id, watch.add);
    try {
      if (watch.texts.length === 0 && !watch.isOver) yield read(null);
      while (!watch.isOver) {
        const text = watch.texts.shift();
        if (text === undefined) {
          await watch.news();
          continue;
        }
        const snapshot = read(text);
        yield snapshot;
        if (isFinal(snapshot.state)) return;
      }
      if (watch.failure !== null) throw watch.failure;
    } finally {
      subscription.close();
    }
  } finally {
    source.waits.delete(watch.fail);
    signal?.removeEventListener("abort", watch.end);
  }
}
