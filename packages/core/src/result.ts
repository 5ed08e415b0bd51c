/** The handle of a sent task: reads its state, waits for its end. Holds no resource and is never thenable. */
import type { ResultBackend } from "./backend.ts";
import type { Clock } from "./clock.ts";
import { type Duration, durationMs } from "./duration.ts";
import { type RemoteError, ResultTimeoutError, type TaskError, type TaskRevokedError } from "./errors.ts";
import { readException, revokedErrorOf, taskErrorOf } from "./failure.ts";
import { type ResultMeta, readResult } from "./result-meta.ts";
import { isFinal } from "./states.ts";

interface SnapshotBase<P> {
  readonly id: string;
  readonly name: string | null;
  /** when the state became final; null before */
  readonly at: Date | null;
  readonly progress: P | undefined;
  readonly retries: number;
  readonly worker: string | null;
}

/** One read of the backend: what an HTTP status route needs. Narrow on `state`. PENDING also means "never heard of"; `known` tells. */
export type TaskSnapshot<R, P = unknown> =
  | (SnapshotBase<P> & { readonly state: "PENDING"; readonly known: boolean })
  | (SnapshotBase<P> & { readonly state: "RECEIVED" | "STARTED" })
  | (SnapshotBase<P> & { readonly state: "RETRY"; readonly error: TaskError })
  | (SnapshotBase<P> & { readonly state: "SUCCESS"; readonly value: R })
  | (SnapshotBase<P> & { readonly state: "FAILURE"; readonly error: TaskError })
  | (SnapshotBase<P> & { readonly state: "REVOKED"; readonly error: TaskRevokedError })
  /** set by the task itself with updateState(name, meta) */
  | (SnapshotBase<P> & { readonly state: "CUSTOM"; readonly custom: string; readonly meta: unknown });

export type TaskState = TaskSnapshot<unknown>["state"];

/** How a task ended. */
export type Outcome<R> =
  | { readonly state: "SUCCESS"; readonly value: R }
  | { readonly state: "FAILURE"; readonly error: TaskError }
  | { readonly state: "REVOKED"; readonly error: TaskRevokedError };

export interface WaitOptions {
  /** 60 s unless told; Infinity waits for ever */
  timeout?: Duration | undefined;
  signal?: AbortSignal | undefined;
}

export interface AsyncResult<out R, out P = unknown> {
  readonly id: string;
  /** true when the task was found already waiting, not sent again */
  readonly deduplicated: boolean;
  /** The value, or throws TaskError, TaskRevokedError or ResultTimeoutError (60 s unless told). */
  get(options?: WaitOptions & { forget?: boolean | undefined }): Promise<R>;
  /** As get(), but the task's own ending is returned, not thrown. */
  settled(options?: WaitOptions): Promise<Outcome<R>>;
  snapshot(): Promise<TaskSnapshot<R, P>>;
  /** Snapshots as they change; ends after the last one. */
  watch(options?: { signal?: AbortSignal | undefined }): AsyncIterable<TaskSnapshot<R, P>>;
  state(): Promise<TaskState>;
  /** whether it has ended, in whichever way */
  ready(): Promise<boolean>;
  successful(): Promise<boolean>;
  failed(): Promise<boolean>;
  /** Removes the stored result. */
  forget(): Promise<void>;
  /** The tasks sent while it ran, once it has ended. */
  children(): Promise<readonly AsyncResult<unknown>[]>;
}

/** What delay() returns: `await` it for the handle (the broker has the task), or `await ….get()` for the value. */
export interface Sent<R, P = unknown> extends Promise<AsyncResult<R, P>> {
  get(options?: WaitOptions & { forget?: boolean | undefined }): Promise<R>;
}

/** What a handle needs of the app. */
export interface ResultSource {
  readonly clock: Clock;
  /** Throws RESULT_DISABLED where there is none. */
  backend(): Promise<ResultBackend>;
  /** An error of a class the task lists in `throws`, where the name matches. */
  revive(taskName: string | null, remote: RemoteError): unknown;
}

const defaultTimeoutMs = 60_000;

export function createResult<R, P>(
  source: ResultSource,
  id: string,
  taskName: string | null,
  sent: { readonly known: boolean },
): AsyncResult<R, P> {
  const toSnapshot = (text: string | null): TaskSnapshot<R, P> =>
    text === null
      ? { ...emptyBase<P>(id, taskName), state: "PENDING", known: sent.known }
      : snapshotOf<R, P>(source, readResult(id, text), taskName);

  const result: AsyncResult<R, P> = {
    id,
    deduplicated: false,
    async get({ forget, ...wait } = {}) {
      const outcome = await result.settled(wait);
      if (forget === true) await result.forget();
      if (outcome.state === "SUCCESS") return outcome.value;
      throw outcome.error;
    },
    async settled(wait = {}) {
      const text = await waitForFinal(source, id, wait);
      const end = toSnapshot(text);
      if (end.state === "SUCCESS") return { state: "SUCCESS", value: end.value };
      if (end.state === "REVOKED") return { state: "REVOKED", error: end.error };
      return { state: "FAILURE", error: (end as Extract<TaskSnapshot<R, P>, { state: "FAILURE" }>).error };
    },
    async snapshot() {
      return toSnapshot(await (await source.backend()).get(id));
    },
    watch: ({ signal } = {}) => watchStates(source, id, toSnapshot, signal),
    state: async () => (await result.snapshot()).state,
    ready: async () => isFinal(await result.state()),
    successful: async () => (await result.state()) === "SUCCESS",
    failed: async () => (await result.state()) === "FAILURE",
    async forget() {
      await (await source.backend()).forget(id);
    },
    async children() {
      const text = await (await source.backend()).get(id);
      if (text === null) return [];
      return readResult(id, text).children.map(([[childId]]) => createResult(source, childId, null, { known: true }));
    },
  };
  return Object.freeze(Object.defineProperty(result, Symbol.toStringTag, { value: "AsyncResult" }));
}

function emptyBase<P>(id: string, name: string | null): SnapshotBase<P> {
  return { id, name, at: null, progress: undefined, retries: 0, worker: null };
}

function snapshotOf<R, P>(source: ResultSource, meta: ResultMeta, taskName: string | null): TaskSnapshot<R, P> {
  const name = meta.name ?? taskName;
  const base: SnapshotBase<P> = {
    ...emptyBase<P>(meta.taskId, name),
    at: meta.doneAt === null ? null : new Date(meta.doneAt),
    retries: meta.retries,
    worker: meta.worker,
  };
  const failure = () => taskErrorOf(meta.taskId, name, readException(meta.result, meta.traceback), (remote) => source.revive(name, remote));
  switch (meta.status) {
    case "SUCCESS":
      return { ...base, state: "SUCCESS", value: meta.result as R };
    case "FAILURE":
      return { ...base, state: "FAILURE", error: failure() };
    case "RETRY":
      return { ...base, state: "RETRY", error: failure() };
    case "REVOKED":
      return { ...base, state: "REVOKED", error: revokedErrorOf(meta.taskId, readException(meta.result, meta.traceback)) };
    case "RECEIVED":
      return { ...base, state: "RECEIVED" };
    case "STARTED":
      return { ...base, state: "STARTED", worker: startedOn(meta.result) };
    case "PENDING":
      return { ...base, state: "PENDING", known: true };
    case progressState:
      return { ...base, state: "STARTED", progress: meta.result as P };
    default:
      return { ...base, state: "CUSTOM", custom: meta.status, meta: meta.result };
  }
}

/** The state that self.progress() stores: the one Celery's own documentation uses. */
export const progressState = "PROGRESS";

function startedOn(result: unknown): string | null {
  const hostname = (result as { hostname?: unknown } | null)?.hostname;
  return typeof hostname === "string" ? hostname : null;
}

/** The JSON text of the final state; rejects with RESULT_TIMEOUT, or with the signal's reason. */
async function waitForFinal(source: ResultSource, id: string, wait: WaitOptions): Promise<string> {
  const timeoutMs =
    wait.timeout === undefined ? defaultTimeoutMs : wait.timeout === Number.POSITIVE_INFINITY ? null : durationMs(wait.timeout, "timeout");
  wait.signal?.throwIfAborted();
  const backend = await source.backend();
  return await new Promise<string>((resolve, reject) => {
    let ended = false;
    const end = (settle: () => void) => {
      if (ended) return;
      ended = true;
      timer?.cancel();
      wait.signal?.removeEventListener("abort", onAbort);
      settle();
      subscribing.then((subscription) => subscription.close()).catch(() => {});
    };
    const onAbort = () => end(() => reject(wait.signal?.reason));
    const timer = timeoutMs === null ? null : source.clock.after(timeoutMs, () => end(() => reject(new ResultTimeoutError(id, timeoutMs))));
    wait.signal?.addEventListener("abort", onAbort, { once: true });
    // A microtask later, so that a listener called at once finds `subscribing` set.
    const subscribing = Promise.resolve().then(() => backend.subscribe(id, (text) => isFinal(statusOf(text)) && end(() => resolve(text))));
    subscribing.catch((error: unknown) => end(() => reject(error)));
  });
}

function statusOf(text: string): string {
  return /^\s*\{\s*"status":\s*"([A-Z_]+)"/.exec(text)?.[1] ?? readResult("", text).status;
}

async function* watchStates<R, P>(
  source: ResultSource,
  id: string,
  toSnapshot: (text: string | null) => TaskSnapshot<R, P>,
  signal: AbortSignal | undefined,
): AsyncGenerator<TaskSnapshot<R, P>> {
  const backend = await source.backend();
  const pending: string[] = [];
  let wake = () => {};
  const subscription = await backend.subscribe(id, (text) => {
    pending.push(text);
    wake();
  });
  try {
    if (pending.length === 0) yield toSnapshot(null);
    while (signal?.aborted !== true) {
      const text = pending.shift();
      if (text === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal?.addEventListener("abort", () => resolve(), { once: true });
        });
        continue;
      }
      const snapshot = toSnapshot(text);
      yield snapshot;
      if (isFinal(snapshot.state)) return;
    }
  } finally {
    subscription.close();
  }
}
