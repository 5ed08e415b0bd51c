/** An event that was heard, read once: what the history and the metrics use of it. Whoever wrote it may have left out or added anything. */
import type { ReceivedEvent } from "@celeriac/core/runtime";
import { writable } from "./writable-text.ts";

interface Heard {
  /** "task-started", "worker-heartbeat" */
  readonly type: string;
  /** what stands behind the dash of the type */
  readonly subject: string;
  readonly hostname: string;
  /** epoch seconds, by the clock of who told it */
  readonly timestamp: number;
  /** epoch seconds, by our clock */
  readonly heardAt: number;
  readonly clock: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface HeardTaskEvent extends Heard {
  readonly kind: "task";
  readonly uuid: string;
}

export interface HeardWorkerEvent extends Heard {
  readonly kind: "worker";
}

export type HeardEvent = HeardTaskEvent | HeardWorkerEvent;

/** Longer ones are no names: they are keys of indexes, which have room for so much. */
const longestName = 512;
const longestType = 128;

/** null: it tells nothing of a task or a worker that could be named. */
export function readEvent(event: ReceivedEvent, heardAt: number): HeardEvent | null {
  const { type, hostname, timestamp, clock, uuid, ...fields } = event;
  const dash = type.indexOf("-");
  const kind = type.slice(0, dash);
  const subject = type.slice(dash + 1);
  if ((kind !== "task" && kind !== "worker") || !isName(hostname) || !isName(type, longestType) || subject === "") return null;
  const heard = {
    ...{ type, subject, hostname, heardAt, fields },
    timestamp: typeof timestamp === "number" && Number.isFinite(timestamp) ? timestamp : heardAt,
    clock: typeof clock === "number" && Number.isSafeInteger(clock) ? clock : 0,
  };
  if (kind === "worker") return { kind, ...heard };
  return isName(uuid) ? { kind, uuid, ...heard } : null;
}

function isName(value: unknown, longest = longestName): value is string {
  return typeof value === "string" && value !== "" && value.length <= longest && writable(value) === value;
}

const ending: ReadonlySet<string> = new Set(["succeeded", "failed", "revoked", "rejected", "retried"]);

/** Nothing may be lost that tells how a task, or one attempt of it, ended. */
export function endsTask(event: HeardEvent): boolean {
  return event.kind === "task" && ending.has(event.subject);
}
