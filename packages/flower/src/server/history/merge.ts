/**
 * Events → what is known of a task, by the rules of Celery's own monitors (celery/events/state.py, the same from 5.3 to 5.6): of two events that
 * come in the wrong order the one that is further on the way counts, and RETRY is exempt both ways. Pure.
 */
import { reprValue } from "@celeriac/core/runtime";
import type { HeardTaskEvent } from "./heard-event.ts";
import type { MonitorState, TaskRecord } from "./task-record.ts";
import { writable } from "./writable-text.ts";

const states = {
  sent: "PENDING",
  received: "RECEIVED",
  started: "STARTED",
  succeeded: "SUCCESS",
  failed: "FAILURE",
  retried: "RETRY",
  revoked: "REVOKED",
  rejected: "REJECTED",
} as const satisfies Readonly<Record<string, MonitorState>>;

type Subject = keyof typeof states;

/** Celery's states.PRECEDENCE: what stands further left counts more; null stands for every other state. */
const precedence = ["SUCCESS", "FAILURE", null, "REVOKED", "STARTED", "RECEIVED", "REJECTED", "RETRY", "PENDING"] as const;
const ranks: ReadonlyMap<string | null, number> = new Map(precedence.map((state, rank) => [state, rank]));

function rankOf(state: MonitorState): number {
  return ranks.get(state) ?? ranks.get(null)!;
}

/** Whether nothing more is to come of a task in this state, unless it is run once more. */
export function isEnded(state: MonitorState): boolean {
  return state === "SUCCESS" || state === "FAILURE" || state === "REVOKED" || state === "REJECTED";
}

/** Whether no worker has it, though it has not ended. */
export function isWaiting(state: MonitorState): boolean {
  return state === "PENDING" || state === "RETRY";
}

/** What a late receipt still tells. Of any other late event all is taken but the state. */
const lateFields: ReadonlySet<keyof TaskRecord> = new Set(["name", "args", "kwargs", "parentId", "rootId", "retries", "eta", "expires"]);

/** Longer texts are cut, characters. */
const longestText = 65_536;
/** Those that lists are filtered by: keys of indexes. */
const longestLabel = 255;
const longestId = 512;

type Read = (value: unknown) => string | number | null;

/** field on the wire → where it is kept, and as what */
const fieldsOfRecord: readonly (readonly [wire: string, own: keyof TaskRecord, read: Read])[] = [
  ["name", "name", label],
  ["args", "args", text],
  ["kwargs", "kwargs", text],
  ["result", "result", text],
  ["exception", "exception", text],
  ["traceback", "traceback", text],
  ["runtime", "runtime", number],
  ["retries", "retries", (value) => number(value) ?? 0],
  ["eta", "eta", text],
  ["expires", "expires", text],
  ["queue", "queue", label],
  ["exchange", "exchange", text],
  ["routing_key", "routingKey", text],
  ["root_id", "rootId", id],
  ["parent_id", "parentId", id],
];

/** `known`: null for a task that was never heard of. */
export function merge(known: TaskRecord | null, event: HeardTaskEvent): TaskRecord {
  const { subject, timestamp, hostname, fields } = event;
  const task: Growing = known === null ? unheardOf(event) : { ...known };
  const state = Object.hasOwn(states, subject) ? states[subject as Subject] : subject.toUpperCase();
  const isLate = state !== "RETRY" && task.state !== "RETRY" && rankOf(state) > rankOf(task.state);
  if (Object.hasOwn(states, subject)) task[subject as Subject] = timestamp;
  if (subject === "sent") task.client = hostname;
  else task.worker = hostname;
  task.lostAt = null;
  const isPart = isLate && state === "RECEIVED";
  for (const [wire, own, read] of fieldsOfRecord)
    if (wire in fields && (!isPart || lateFields.has(own))) set(task, own, read(fields[wire]));
  if (!isLate) task.state = state;
  if (!isPart) {
    task.timestamp = timestamp;
    task.clock = event.clock;
  }
  return task;
}

type Growing = { -readonly [K in keyof TaskRecord]: TaskRecord[K] };

function set(task: Growing, own: keyof TaskRecord, value: string | number | null): void {
  (task as Record<keyof TaskRecord, string | number | null>)[own] = value;
}

function unheardOf({ uuid, timestamp, clock }: HeardTaskEvent): Growing {
  return {
    uuid,
    name: null,
    state: "PENDING",
    sent: null,
    received: null,
    started: null,
    succeeded: null,
    failed: null,
    retried: null,
    revoked: null,
    rejected: null,
    timestamp,
    clock,
    args: null,
    kwargs: null,
    result: null,
    exception: null,
    traceback: null,
    runtime: null,
    retries: 0,
    eta: null,
    expires: null,
    worker: null,
    client: null,
    queue: null,
    exchange: null,
    routingKey: null,
    rootId: null,
    parentId: null,
    lostAt: null,
  };
}

function text(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const written = typeof value === "string" ? value : reprValue(value);
  return written.length > longestText ? `${written.slice(0, longestText)}…` : written;
}

function label(value: unknown): string | null {
  return nameOf(value, longestLabel);
}

function id(value: unknown): string | null {
  return nameOf(value, longestId);
}

function nameOf(value: unknown, longest: number): string | null {
  const name = text(value);
  return name === null ? null : writable(name.slice(0, longest));
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
