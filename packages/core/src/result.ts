/** The handle of a sent task: reads its state, waits for its end. Holds no resource and is never thenable. */
import { askWorkers, type ControlParts, type ReplyWait, tellWorkers } from "./control/client.ts";
import { abortCall, type RevokeOptions, revokeArguments, revokeCall } from "./control/revocation.ts";
import { type Duration, durationMs } from "./duration.ts";
import { type ResultTuple, readResult } from "./result-meta.ts";
import { type ResultSource, type WaitOptions, waitForFinal, watchChanges } from "./result-wait.ts";
import { type Outcome, readSnapshot, type SnapshotSubject, type TaskSnapshot, type TaskState } from "./snapshot.ts";
import { isFinal } from "./states.ts";

export interface AsyncResult<out R, out P = unknown> {
  readonly id: string;
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
  /**
   * Its caller does not want it any more: it never begins or, if it runs, its self.signal aborts with {kind: "aborted", message: reason}; when it gives
   * way it ends as REVOKED with the reason. Resolves when the workers that listen now are told. Throws BROKER_*, PUBLISH_*.
   */
  abort(reason?: string): Promise<void>;
  /** Celery's revoke: it never begins; if it runs it goes on, or is ended with `terminate`. Throws as abort. */
  revoke(options?: ResultRevokeOptions): Promise<void>;
  /** the step before it in a chain, where a stored result names it; else null */
  readonly parent: AsyncResult<unknown> | null;
  /** The tasks sent while it ran, once it has ended. */
  children(): Promise<readonly AsyncResult<unknown>[]>;
}

export interface ResultRevokeOptions extends RevokeOptions {
  /** Waits until workers have answered, for `timeout` (1 s): nobody knows how many there are. */
  readonly wait?: boolean | undefined;
  readonly timeout?: Duration | undefined;
}

/** What delay() returns: `await` it for the handle (the broker has the task), or `await ….get()` for the value. */
export interface Sent<R, P = unknown> extends Promise<AsyncResult<R, P>> {
  get(options?: WaitOptions & { forget?: boolean | undefined }): Promise<R>;
}

/** What a handle needs of the app. */
export interface HandleSource extends ResultSource, Pick<SnapshotSubject, "revive"> {
  /** what reaches the workers */
  control(): Promise<ControlParts>;
}

export interface HandleFacts {
  readonly id: string;
  readonly taskName: string | null;
  /** it was sent by this process, or another result names it */
  readonly known: boolean;
  readonly parent?: AsyncResult<unknown> | null;
}

export function createResult<R, P>(source: HandleSource, facts: HandleFacts): AsyncResult<R, P> {
  const { id, taskName, known, parent = null } = facts;
  const subject: SnapshotSubject = { id, taskName, known, revive: source.revive };
  const read = (text: string | null) => readSnapshot<R, P>(subject, text);

  const result: AsyncResult<R, P> = {
    id,
    async get({ forget, ...wait } = {}) {
      const outcome = await result.settled(wait);
      if (forget === true) await result.forget();
      if (outcome.state === "SUCCESS") return outcome.value;
      throw outcome.error;
    },
    async settled(wait = {}) {
      const end = read(await waitForFinal(source, id, wait));
      if (end.state === "SUCCESS") return { state: "SUCCESS", value: end.value };
      if (end.state === "REVOKED") return { state: "REVOKED", error: end.error };
      return { state: "FAILURE", error: (end as Extract<TaskSnapshot<R, P>, { state: "FAILURE" }>).error };
    },
    async snapshot() {
      return read(await (await source.backend()).get(id));
    },
    watch: ({ signal } = {}) => watchChanges(source, id, read, signal),
    state: async () => (await result.snapshot()).state,
    ready: async () => isFinal(await result.state()),
    successful: async () => (await result.state()) === "SUCCESS",
    failed: async () => (await result.state()) === "FAILURE",
    async forget() {
      await (await source.backend()).forget(id);
    },
    async abort(reason = "aborted") {
      await tellWorkers(await source.control(), abortCall(id, reason));
    },
    async revoke({ wait = false, timeout = "1s", ...options } = {}) {
      const call = revokeCall(revokeArguments(id, options));
      const patience: ReplyWait = { timeoutMs: durationMs(timeout, "timeout"), limit: null };
      if (wait) await askWorkers(await source.control(), call, patience);
      else await tellWorkers(await source.control(), call);
    },
    parent,
    async children() {
      const text = await (await source.backend()).get(id);
      return text === null ? [] : readResult(id, text).children.flatMap((tuple) => handlesOf(source, tuple));
    },
  };
  return Object.freeze(Object.defineProperty(result, Symbol.toStringTag, { value: "AsyncResult" }));
}

/** One task, or the members of a group. */
function handlesOf(source: HandleSource, [[id, before], members]: ResultTuple): readonly AsyncResult<unknown>[] {
  if (members !== null) return members.flatMap((member) => handlesOf(source, member));
  const parent = before === null || before[1] !== null ? null : (handlesOf(source, before)[0] ?? null);
  return [createResult(source, { id, taskName: null, known: true, parent })];
}
