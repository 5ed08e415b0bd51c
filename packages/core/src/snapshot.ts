/** What a stored result says of a task at one moment, typed: read from Celery's result JSON. */
import type { RemoteError, TaskError, TaskRevokedError } from "./errors.ts";
import { readException, revokedErrorOf, taskErrorOf } from "./failure.ts";
import { type ResultMeta, readResult } from "./result-meta.ts";
import { progressState } from "./states.ts";

interface SnapshotBase<P> {
  readonly id: string;
  readonly name: string | null;
  /** when the state became final; null before */
  readonly at: Date | null;
  readonly progress: P | undefined;
  readonly retries: number;
  readonly worker: string | null;
  /** The arguments, once it has ended; as text ("(1, 2)") before, and where something of them is not to be shown; null unless its worker has `resultExtended`. */
  readonly args: unknown;
  readonly kwargs: unknown;
  /** out of which it came; null likewise */
  readonly queue: string | null;
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

/** The task a snapshot is of, as its handle knows it. */
export interface SnapshotSubject {
  readonly id: string;
  readonly taskName: string | null;
  /** it was sent by this process, or another result names it */
  readonly known: boolean;
  /** An error of a class the task lists in `throws`, where the name matches. */
  revive(taskName: string | null, remote: RemoteError): unknown;
}

/** Reads the stored text; null = nothing is stored. Throws RESULT_UNREADABLE. */
export function readSnapshot<R, P>(subject: SnapshotSubject, text: string | null): TaskSnapshot<R, P> {
  const { id, taskName, known } = subject;
  if (text !== null) return snapshotOf<R, P>(subject, readResult(id, text));
  return { ...nothingStored, id, name: taskName, state: "PENDING", known };
}

/** Where no worker has said anything. */
export const nothingStored = { at: null, progress: undefined, retries: 0, worker: null, args: null, kwargs: null, queue: null } as const;

function snapshotOf<R, P>(subject: SnapshotSubject, meta: ResultMeta): TaskSnapshot<R, P> {
  const name = meta.name ?? subject.taskName;
  const base: SnapshotBase<P> = {
    id: subject.id,
    name,
    at: meta.doneAt === null ? null : new Date(meta.doneAt),
    progress: undefined,
    retries: meta.retries,
    worker: meta.worker,
    args: meta.args,
    kwargs: meta.kwargs,
    queue: meta.queue,
  };
  const exception = () => readException(meta.result, meta.traceback);
  const failure = () => taskErrorOf(subject.id, name, exception(), (remote) => subject.revive(name, remote));
  switch (meta.status) {
    case "SUCCESS":
      return { ...base, state: "SUCCESS", value: meta.result as R };
    case "FAILURE":
      return { ...base, state: "FAILURE", error: failure() };
    case "RETRY":
      return { ...base, state: "RETRY", error: failure() };
    case "REVOKED":
      return { ...base, state: "REVOKED", error: revokedErrorOf(subject.id, exception()) };
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

/** What the task has ended with; undefined where it has not. */
export function outcomeOf<R>(snapshot: TaskSnapshot<R>): Outcome<R> | undefined {
  switch (snapshot.state) {
    case "SUCCESS":
      return { state: "SUCCESS", value: snapshot.value };
    case "FAILURE":
    case "REVOKED":
      return { state: snapshot.state, error: snapshot.error } as Outcome<R>;
    default:
      return undefined;
  }
}

function startedOn(result: unknown): string | null {
  const hostname = (result as { hostname?: unknown } | null)?.hostname;
  return typeof hostname === "string" ? hostname : null;
}
