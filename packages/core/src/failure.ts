/** Errors on the wire: Celery's `{exc_type, exc_message, exc_module}` from anything a task throws, and back. */
import { isNativeError } from "node:util/types";
import { type ErrorClass, type RemoteError, reasonOf, TaskError, TaskRevokedError } from "./errors.ts";

/** The module that our own errors are said to come from; Python makes a class up for it. */
const ourModule = "js";

export interface ExceptionJson {
  readonly exc_type: string;
  readonly exc_message: readonly unknown[];
  readonly exc_module: string;
}

/** What a task threw, as it will be stored: whatever it was. Cause and secrets stay out of it; a failure that came from another task keeps that task's words. */
export function remoteErrorOf(thrown: unknown): RemoteError {
  if (TaskError.is(thrown)) return thrown.remote;
  if (!isNativeError(thrown) && !(thrown instanceof Error))
    return { type: "Error", module: ourModule, args: [plain(thrown)], traceback: null };
  const stack = member(thrown, "stack");
  return {
    type: member(thrown, "name") || "Error",
    module: ourModule,
    args: [member(thrown, "message") ?? reasonOf(thrown)],
    // As a Python reader expects a traceback: text, message included, ending in a newline.
    traceback: stack === null ? null : `${stack}\n`,
  };
}

/** A text of an error; null where it is none, or user code made it unreadable. */
function member(error: Error, name: "name" | "message" | "stack"): string | null {
  try {
    const value: unknown = error[name];
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}

/** Errors that Celery itself stores, by the class it uses. */
export const celeryErrors = {
  notRegistered: (task: string): RemoteError => celeryError("NotRegistered", [task]),
  maxRetriesExceeded: (task: string, id: string, argsRepr: string, kwargsRepr: string): RemoteError =>
    celeryError("MaxRetriesExceededError", [`Can't retry ${task}[${id}] args:${argsRepr} kwargs:${kwargsRepr}`]),
  revoked: (reason: string): RemoteError => celeryError("TaskRevokedError", [reason]),
  timeLimit: (limitSeconds: number): RemoteError => celeryError("TimeLimitExceeded", [limitSeconds], "billiard.exceptions"),
  softTimeLimit: (): RemoteError => celeryError("SoftTimeLimitExceeded", [], "billiard.exceptions"),
  workerLost: (reason: string): RemoteError => celeryError("WorkerLostError", [reason], "billiard.exceptions"),
  chord: (reason: string): RemoteError => celeryError("ChordError", [reason]),
  reject: (reason: string): RemoteError => celeryError("Reject", [reason]),
} as const;

function celeryError(type: string, args: readonly unknown[], module = "celery.exceptions"): RemoteError {
  return { type, module, args, traceback: null };
}

export function exceptionJson(error: RemoteError): ExceptionJson {
  return { exc_type: error.type, exc_message: error.args, exc_module: error.module ?? ourModule };
}

/** Reads what a worker of either kind stored; anything odd becomes an error that shows it. */
export function readException(result: unknown, traceback: string | null): RemoteError {
  if (typeof result !== "object" || result === null) return { type: "Error", module: null, args: [result], traceback };
  const { exc_type, exc_message, exc_module } = result as Partial<Record<keyof ExceptionJson, unknown>>;
  return {
    type: typeof exc_type === "string" ? exc_type : "Error",
    module: typeof exc_module === "string" ? exc_module : null,
    args: Array.isArray(exc_message) ? exc_message : exc_message === undefined ? [] : [exc_message],
    traceback,
  };
}

/** An error of the listed class that bears the name of the remote one; undefined where none does, or cannot be made from its arguments alone. */
export function reviveError(listed: readonly ErrorClass[], remote: RemoteError): Error | undefined {
  const found = listed.find(({ name }) => name === remote.type) as (new (...args: readonly unknown[]) => Error) | undefined;
  try {
    return found === undefined ? undefined : new found(...remote.args);
  } catch {
    // `remote` tells all the same.
    return undefined;
  }
}

/** The error that get() throws for a stored FAILURE. `revive` may give an instance of a class the task lists in `throws`. */
export function taskErrorOf(
  taskId: string,
  taskName: string | null,
  remote: RemoteError,
  revive: (remote: RemoteError) => unknown = () => undefined,
): TaskError {
  const cause = revive(remote);
  const said = remote.args.map((arg) => (typeof arg === "string" ? arg : JSON.stringify(arg))).join(", ");
  return new TaskError(codeOf(remote), `Task ${taskName ?? taskId} failed: ${remote.type}${said === "" ? "" : `: ${said}`}`, {
    taskId,
    taskName,
    remote,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The names count only where they are Celery's own: anyone may call an error of theirs Reject. */
function codeOf({ type, module }: RemoteError): TaskError["code"] {
  if (module !== "celery.exceptions" && module !== "billiard.exceptions") return "TASK_FAILED";
  switch (type) {
    case "TimeLimitExceeded":
      return "TASK_TIME_LIMIT";
    case "WorkerLostError":
      return "TASK_WORKER_LOST";
    case "ChordError":
      return "TASK_CHORD_FAILED";
    case "NotRegistered":
    case "Reject":
      return "TASK_DEAD_LETTERED";
    default:
      return "TASK_FAILED";
  }
}

export function revokedErrorOf(taskId: string, remote: RemoteError): TaskRevokedError {
  const [reason] = remote.args;
  return new TaskRevokedError(taskId, typeof reason === "string" ? reason : null);
}

function plain(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value) ?? "null");
  } catch {
    return reasonOf(value);
  }
}
