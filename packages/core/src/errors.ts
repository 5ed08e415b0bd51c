/** Every error Celeriac throws, under the stable codes of error-table.ts. */
import type { ErrorCode } from "./error-table.ts";

const brand = Symbol.for("celeriac.error");

interface ErrorDetails {
  readonly cause?: unknown;
}

/** True for an error of class `kind`, or of a class derived from it, from whichever copy of this package or realm. */
function isKind(error: unknown, kind: string): boolean {
  const kinds = typeof error === "object" && error !== null ? (error as { [brand]?: readonly string[] })[brand] : undefined;
  return Array.isArray(kinds) && kinds.includes(kind);
}

/** Base of all our errors. `CeleriacError.is(e)` works across copies of the package and realms; `instanceof` too in one copy. */
export class CeleriacError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.name = new.target.name;
    Object.defineProperty(this, brand, { value: kindsOf(new.target) });
  }
  static is(error: unknown): error is CeleriacError {
    return isKind(error, "CeleriacError");
  }
}

function kindsOf(target: unknown): readonly string[] {
  const kinds: string[] = [];
  for (let kind = target; typeof kind === "function" && kind !== Error; kind = Object.getPrototypeOf(kind)) kinds.push(kind.name);
  return kinds;
}

export class ConfigError extends CeleriacError {
  static override is(error: unknown): error is ConfigError {
    return isKind(error, "ConfigError");
  }
}

export class BrokerError extends CeleriacError {
  static override is(error: unknown): error is BrokerError {
    return isKind(error, "BrokerError");
  }
}

export class BackendError extends CeleriacError {
  static override is(error: unknown): error is BackendError {
    return isKind(error, "BackendError");
  }
}

type PublishCode = Extract<ErrorCode, `PUBLISH_${string}`>;
/** delay() was not confirmed by the broker. Only PUBLISH_UNCERTAIN means that the broker may have the task. */
export class PublishError extends CeleriacError {
  declare readonly code: PublishCode;
  /** true when the same call may succeed later */
  readonly retryable: boolean;
  constructor(code: PublishCode, message: string, details: ErrorDetails & { readonly retryable?: boolean } = {}) {
    super(code, message, details);
    this.retryable = details.retryable ?? false;
  }
  static override is(error: unknown): error is PublishError {
    return isKind(error, "PublishError");
  }
}

// biome-ignore lint/suspicious/noExplicitAny: any constructor of errors will do
export type ErrorClass = abstract new (...args: any) => Error;

/** What the other side raised, as it wrote it: "ValueError", "builtins", ["no such"], text of the traceback. */
export interface RemoteError {
  readonly type: string;
  readonly module: string | null;
  readonly args: readonly unknown[];
  readonly traceback: string | null;
}

type TaskErrorCode = "TASK_FAILED" | "TASK_TIME_LIMIT" | "TASK_WORKER_LOST" | "TASK_DEAD_LETTERED" | "TASK_CHORD_FAILED";
/** The task ran and failed, here or in Python. `cause` is an instance of a class listed in the task's `throws` when the name matches. */
export class TaskError extends CeleriacError {
  declare readonly code: TaskErrorCode;
  readonly taskId: string;
  readonly taskName: string | null;
  readonly remote: RemoteError;
  constructor(
    code: TaskErrorCode,
    message: string,
    details: ErrorDetails & { readonly taskId: string; readonly taskName: string | null; readonly remote: RemoteError },
  ) {
    super(code, message, details);
    this.taskId = details.taskId;
    this.taskName = details.taskName;
    this.remote = details.remote;
  }
  static override is(error: unknown): error is TaskError {
    return isKind(error, "TaskError");
  }
}

export class TaskRevokedError extends CeleriacError {
  declare readonly code: "TASK_REVOKED";
  readonly taskId: string;
  readonly reason: string | null;
  constructor(taskId: string, reason: string | null) {
    super("TASK_REVOKED", `Task ${taskId} was revoked${reason === null ? "" : `: ${reason}`}`);
    this.taskId = taskId;
    this.reason = reason;
  }
  static override is(error: unknown): error is TaskRevokedError {
    return isKind(error, "TaskRevokedError");
  }
}

/** get() gave up waiting; the task may still run. */
export class ResultTimeoutError extends CeleriacError {
  declare readonly code: "RESULT_TIMEOUT";
  readonly taskId: string;
  /** `group`: it was not one task that was waited for; `unreachable`: why the backend could not be asked when the wait began */
  constructor(
    taskId: string,
    waitedMs: number,
    { group, unreachable }: { readonly group?: { readonly ended: number; readonly of: number }; readonly unreachable?: unknown } = {},
  ) {
    const what =
      group === undefined
        ? `No result of task ${taskId} within ${waitedMs} ms; it may still run`
        : `${group.ended} of ${group.of} members of group ${taskId} ended within ${waitedMs} ms; the others may still run`;
    const why = unreachable === undefined ? "" : `; ${reasonOf(unreachable)}`;
    super("RESULT_TIMEOUT", `${what}${why}`, unreachable === undefined ? {} : { cause: unreachable });
    this.taskId = taskId;
  }
  static override is(error: unknown): error is ResultTimeoutError {
    return isKind(error, "ResultTimeoutError");
  }
}

/** What may heal by itself: a server that cannot be reached, or whose credentials are not to be had now. */
export function isUnreachable(error: unknown): error is CeleriacError {
  return CeleriacError.is(error) && unreachable.has(error.code);
}

const unreachable: ReadonlySet<ErrorCode> = new Set([
  "BROKER_UNREACHABLE",
  "BACKEND_UNREACHABLE",
  "DAG_STORE_UNREACHABLE",
  "CREDENTIALS_FAILED",
]);

/** What a dead letter says of an error: its code, where it is ours, and its text. */
export function codedReasonOf(error: unknown): string {
  return CeleriacError.is(error) ? `${error.code}: ${reasonOf(error)}` : reasonOf(error);
}

/** The text of anything thrown, for messages: never throws, never empty. */
export function reasonOf(error: unknown): string {
  try {
    return textOf(error) || "an error without a message";
  } catch {
    return "an error that cannot be shown";
  }
}

function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(reasonOf).join("; ");
  if (error instanceof Error) return String(error.message || error.name);
  return typeof error === "object" && error !== null ? JSON.stringify(error) : String(error);
}
