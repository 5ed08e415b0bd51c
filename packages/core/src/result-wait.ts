/** Waits until tasks have ended, or enough of them. Nobody waits for ever: a closing app ends all waits. */
import { type Duration, durationMs } from "./duration.ts";
import { BackendError } from "./errors.ts";
import { type Expected, listenTo, type ResultSource, type Tidings } from "./result-listen.ts";
import { isFinal } from "./states.ts";

export interface WaitOptions {
  /** 60 s unless told; Infinity waits for ever */
  timeout?: Duration | undefined;
  signal?: AbortSignal | undefined;
}

export interface Wait<T> {
  readonly expected: readonly Expected[];
  /** Is told of each task that has ended. Gives what is waited for as soon as that is enough, undefined before. */
  ended(end: Tidings): T | undefined;
  /** the error of who gives up; `unreachable`: why the backend could not be asked when the wait began */
  timedOut(waitedMs: number, unreachable: unknown): Error;
}

const defaultTimeoutMs = 60_000;

/** Rejects with what `timedOut` gives, with BACKEND_AUTH, APP_CLOSED, RESULT_UNREADABLE, or with the signal's reason. */
export async function waitFor<T>(source: ResultSource, wait: Wait<T>, { timeout, signal }: WaitOptions): Promise<T> {
  const timeoutMs = timeout === undefined ? defaultTimeoutMs : timeout === Number.POSITIVE_INFINITY ? null : durationMs(timeout, "timeout");
  signal?.throwIfAborted();
  const backend = await source.backend();
  return await new Promise<T>((resolve, reject) => {
    let isOver = false;
    let unreachable: unknown;
    const end = (settle: () => void) => {
      if (isOver) return;
      isOver = true;
      timer?.cancel();
      source.waits.delete(onClose);
      signal?.removeEventListener("abort", onAbort);
      listening.close();
      settle();
    };
    const fail = (error: unknown) => end(() => reject(error));
    const told = (tidings: Tidings) => {
      if (isOver || !isFinal(tidings.state)) return;
      const value = wait.ended(tidings);
      if (value !== undefined) end(() => resolve(value));
    };
    const onAbort = () => fail(signal?.reason);
    const onClose = (closed: Error) => fail(closed);
    const timer = timeoutMs === null ? null : source.clock.after(timeoutMs, () => fail(wait.timedOut(timeoutMs, unreachable)));
    source.waits.add(onClose);
    signal?.addEventListener("abort", onAbort, { once: true });
    const listening = listenTo(backend, wait.expected, { told, failed: fail });
    // A subscription waits out what will heal; what a person must mend is told now.
    backend.connect().catch((error: unknown) => {
      if (BackendError.is(error) && error.code === "BACKEND_UNREACHABLE") unreachable = error;
      else fail(error);
    });
  });
}
