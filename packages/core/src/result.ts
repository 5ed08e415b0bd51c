/** The handle of a sent task: reads its state, waits for its end. Holds no resource and is never thenable. */
import type { Settings } from "./config.ts";
import { askWorkers, type ControlParts, type ReplyWait, tellWorkers } from "./control/client.ts";
import { abortCall, type RevokeOptions, revokeArguments, revokeCall } from "./control/revocation.ts";
import { type Duration, durationMs } from "./duration.ts";
import { ResultTimeoutError } from "./errors.ts";
import type { Expected, ResultSource } from "./result-listen.ts";
import { type ResultTuple, readResult } from "./result-meta.ts";
import { type WaitOptions, waitFor } from "./result-wait.ts";
import { watchChanges } from "./result-watch.ts";
import { type Outcome, outcomeOf, readSnapshot, type SnapshotSubject, type TaskSnapshot, type TaskState } from "./snapshot.ts";
import { isFinal } from "./states.ts";

export interface AsyncResult<out R, out P = unknown> {
  readonly id: string;
  /** The value, or throws TaskError, TaskRevokedError or ResultTimeoutError (60 s unless told). A step of a chain fails with the step before it. */
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
  /** Removes the stored result, and those of the steps before it. */
  forget(): Promise<void>;
  /**
   * Its caller does not want it any more: it never begins or, if it runs, its self.signal aborts with {kind: "aborted", message: reason}; when it gives
   * way it ends as REVOKED with the reason. Resolves when the workers that listen now are told. Throws BROKER_*, PUBLISH_*.
   */
  abort(reason?: string): Promise<void>;
  /** Celery's revoke: it never begins; if it runs it goes on, or is ended with `terminate`. Throws as abort. */
  revoke(options?: ResultRevokeOptions): Promise<void>;
  /** The step before it in a chain: a task, or the group whose results it gets; null for the first, and where nobody says. */
  readonly parent: AsyncResult<unknown> | null;
  /** What was sent while it ran, once it has ended: tasks, and groups as GroupResult. */
  children(): Promise<readonly AsyncResult<unknown>[]>;
  /**
   * This result, what was sent while it ran, what was sent while that ran, and so on: level by level, each waited for as by settled(options), which may
   * throw. A group comes before its members.
   */
  collect(options?: WaitOptions): AsyncIterable<CollectedResult>;
}

export interface CollectedResult {
  readonly result: AsyncResult<unknown>;
  /** what sent it, or the group it is a member of; null for the first */
  readonly from: AsyncResult<unknown> | null;
  readonly outcome: Outcome<unknown>;
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
  /** how a group is kept */
  readonly settings: Pick<Settings, "resultExpires" | "resultSerializer">;
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

/** Makes the handle of what a stored result names. */
export type HandleOf = (source: HandleSource, tuple: ResultTuple) => AsyncResult<unknown>;

/** `result-tree.ts` makes handles with it. */
export function createTaskHandle<R, P>(source: HandleSource, facts: HandleFacts, handleOf: HandleOf): AsyncResult<R, P> {
  const { id, taskName, known, parent = null } = facts;
  const subject: SnapshotSubject = { id, taskName, known, revive: source.revive };
  const read = (text: string | null) => readSnapshot<R, P>(subject, text);
  const expected: Expected = { id, before: stepsBefore(parent) };

  const result: AsyncResult<R, P> = {
    id,
    async get({ forget, ...wait } = {}) {
      const outcome = await result.settled(wait);
      if (forget === true) await result.forget();
      if (outcome.state === "SUCCESS") return outcome.value;
      throw outcome.error;
    },
    settled: (wait = {}) =>
      waitFor<Outcome<R>>(
        source,
        {
          expected: [expected],
          ended: ({ text }) => outcomeOf(read(text)),
          timedOut: (waitedMs, unreachable) => new ResultTimeoutError(id, waitedMs, { unreachable }),
        },
        wait,
      ),
    async snapshot() {
      return read(await (await source.backend()).get(id));
    },
    watch: ({ signal } = {}) => watchChanges(source, expected, read, signal),
    state: async () => (await result.snapshot()).state,
    ready: async () => isFinal(await result.state()),
    successful: async () => (await result.state()) === "SUCCESS",
    failed: async () => (await result.state()) === "FAILURE",
    async forget() {
      const backend = await source.backend();
      await Promise.all([backend.forget(id), parent?.forget()]);
    },
    abort: (reason) => abortTasks(source, id, reason),
    revoke: (options) => revokeTasks(source, id, options),
    parent,
    async children() {
      const text = await (await source.backend()).get(id);
      return text === null ? [] : readResult(id, text).children.map((tuple) => handleOf(source, tuple));
    },
    collect: (options) => collectFrom(result, options),
  };
  return Object.freeze(Object.defineProperty(result, Symbol.toStringTag, { value: "AsyncResult" }));
}

/** Tasks in a chain without which what has this parent never begins; what a group fails with is told by whoever gets its results. */
export function stepsBefore(parent: AsyncResult<unknown> | null): readonly string[] {
  const ids: string[] = [];
  for (let step = parent; step !== null; step = step.parent) if (!("results" in step)) ids.push(step.id);
  return ids;
}

/** Each result once: the next step of a chain may be named by several. */
export async function* collectFrom(first: AsyncResult<unknown>, options: WaitOptions = {}): AsyncGenerator<CollectedResult> {
  const found = new Set<string>();
  const due: Pick<CollectedResult, "result" | "from">[] = [{ result: first, from: null }];
  for (const next of due) {
    const { result } = next;
    const name = `${"results" in result ? "group" : "task"} ${result.id}`;
    if (found.has(name)) continue;
    found.add(name);
    yield { ...next, outcome: await result.settled(options) };
    for (const child of await result.children()) due.push({ result: child, from: result });
  }
}

/** One task, or many with one command. */
export async function abortTasks(source: HandleSource, ids: string | readonly string[], reason = "aborted"): Promise<void> {
  await tellWorkers(await source.control(), abortCall(ids, reason));
}

/** As `abortTasks`. */
export async function revokeTasks(
  source: HandleSource,
  ids: string | readonly string[],
  { wait = false, timeout = "1s", ...options }: ResultRevokeOptions = {},
): Promise<void> {
  const call = revokeCall(revokeArguments(ids, options));
  const patience: ReplyWait = { timeoutMs: durationMs(timeout, "timeout"), limit: null };
  if (wait) await askWorkers(await source.control(), call, patience);
  else await tellWorkers(await source.control(), call);
}
