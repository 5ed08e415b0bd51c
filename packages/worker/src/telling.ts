/** Tells what happened to tasks: one log line for each change of state, and counters. Nobody who is told can change the flow. */

import {
  type Ending,
  type EventFields,
  type EventType,
  eventTable,
  type Logger,
  type Settlement,
  type TaskEventType,
} from "@celeriac/core/runtime";
import type { Request } from "./request.ts";

export interface Teller {
  task<T extends TaskEventType>(type: T, request: Request, fields: () => EventFields<T>): void;
  worker<T extends Exclude<EventType, TaskEventType>>(type: T, fields: EventFields<T>): void;
  /** how often each event was told */
  counts(): Readonly<Record<EventType, number>>;
  /** how often each task was received */
  received(): Readonly<Record<string, number>>;
}

/** Events a person should look at, and those that will heal by themselves; all others are information. */
const levels: Partial<Record<EventType, "error" | "warn" | "debug">> = {
  "task-failed": "error",
  "task-dead-lettered": "error",
  "task-lost": "warn",
  "task-retried": "warn",
  "task-started": "debug",
  "task-deferred": "debug",
};

export function createTeller(logger: Logger, shows: (level: "debug" | "info" | "warn" | "error") => boolean): Teller {
  const counts = Object.fromEntries(Object.keys(eventTable).map((type) => [type, 0])) as Record<EventType, number>;
  const received = new Map<string, number>();
  return {
    task(type, request, fields) {
      counts[type]++;
      if (type === "task-received") received.set(request.run.task, (received.get(request.run.task) ?? 0) + 1);
      const level = levels[type] ?? "info";
      if (!shows(level)) return;
      logger[level](type, {
        task: request.headers.shadow ?? request.headers.task,
        taskId: request.headers.id,
        attempt: request.headers.retries,
        ...fields(),
      });
    },
    worker(type, fields) {
      counts[type]++;
      logger.info(type, fields);
    },
    counts: () => ({ ...counts }),
    received: () => Object.fromEntries(received),
  };
}

/** Tells how a run ended and what became of its delivery; `runMs` is how long it took. */
export function tellEnding(teller: Teller, request: Request, ending: Ending, { then }: Settlement, runMs: number): void {
  const runtime = Math.round(runMs) / 1_000;
  if (then.kind === "deadLetter") {
    teller.task("task-dead-lettered", request, () => ({ reason: then.reason, queue: request.run.queue }));
    // A failure that is not acknowledged is one all the same.
    if (ending.kind !== "failed" && ending.kind !== "timedOut") return;
  }
  if (then.kind === "requeue") {
    teller.task("task-rejected", request, () => ({ requeue: true, reason: ending.kind }));
    return;
  }
  switch (ending.kind) {
    case "succeeded":
      teller.task("task-succeeded", request, () => ({ runtime }));
      return;
    case "failed":
      teller.task("task-failed", request, () => ({
        exception: exceptionText(ending.error),
        traceback: ending.expected ? null : ending.error.traceback,
        runtime,
      }));
      return;
    case "timedOut":
      teller.task("task-failed", request, () => ({ exception: `TimeLimitExceeded(${ending.limitMs / 1_000})`, traceback: null, runtime }));
      return;
    case "executorLost":
      teller.task("task-failed", request, () => ({
        exception: `WorkerLostError(${JSON.stringify(ending.reason)})`,
        traceback: null,
        runtime,
      }));
      return;
    case "retried":
      teller.task("task-retried", request, () => ({ exception: exceptionText(ending.error), retries: request.headers.retries + 1 }));
      return;
    case "expired":
      teller.task("task-revoked", request, () => ({ reason: "expired", expired: true }));
      return;
    case "terminated":
      teller.task("task-revoked", request, () => ({ reason: `terminated by ${ending.signal}`, expired: false }));
      return;
    case "revoked":
      teller.task("task-revoked", request, () => ({ reason: ending.reason, expired: false }));
      return;
    default:
      return;
  }
}

function exceptionText(error: { readonly type: string; readonly args: readonly unknown[] }): string {
  return `${error.type}(${error.args.map((arg) => JSON.stringify(arg)).join(", ")})`;
}
