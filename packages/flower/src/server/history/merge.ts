/**
 * Events → what is known of a task, by the rules of Celery's own monitors (celery/events/state.py, the same from 5.3 to 5.6): of two events that
 * come in the wrong order the one that is further on the way counts, and RETRY is exempt both ways. Pure.
 */
import { reprValue } from "@celeriac/core/runtime";
import type { HeardTaskEvent } from "./heard-event.ts";
import type { MonitorState, TaskRecord } from "./task-record.ts";

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
const precedence: readonly (string | null)[] = [
  ...["SUCCESS", "FAILURE", null, "REVOKED", "STARTED", "RECEIVED", "REJECTED", "RETRY", "PENDING"],
];

function rankOf(state: MonitorState): number {
  const rank = precedence.indexOf(state);
  return rank === -1 ? precedence.indexOf(null) : rank;
}

/** Whether nothing more is to come of a task in this state, unless it is run once more. */
export function isEnded(state: MonitorState): boolean {
  return state === "SUCCESS" || state === "FAILURE" || state === "REVOKED" || state === "REJECTED";
}

/** What a late `received` still tells. Of other late events only their time is kept. */
const lateFields: readonly (keyof TaskRecord)[] = ["name", "args", "kwargs", "parentId", "rootId", "retries", "eta", "expires"];

/** Longer texts are cut, characters. */
const longestText = 65_536;

type Read = (value: unknown) => string | number | null;

/** field on the wire → where it is kept, and as what */
const fieldsOfRecord: readonly (readonly [wire: string, own: keyof TaskRecord, read: Read])[] = [
  ["name", "name", text],
  ["args", "args", text],
  ["kwargs", "kwargs", text],
  ["result", "result", text],
  ["exception", "exception", text],
  ["traceback", "traceback", text],
  ["runtime", "runtime", number],
  ["retries", "retries", (value) => number(value) ?? 0],
  ["eta", "eta", text],
  ["expires", "expires", text],
  ["queue", "queue", text],
  ["exchange", "exchange", text],
  ["routing_key", "routingKey", text],
  ["root_id", "rootId", text],
  ["parent_id", "parentId", text],
];

/** `known`: null for a task that was never heard of. */
export function merge(known: TaskRecord | null, event: HeardTaskEvent): TaskRecord {
  const before = known ?? unheardOf(event);
  const isKnownSubject = Object.hasOwn(states, event.subject);
  const state = isKnownSubject ? states[event.subject as Subject] : event.subject.toUpperCase();
  const isLate = state !== "RETRY" && before.state !== "RETRY" && rankOf(state) > rankOf(before.state);
  const told = toldIn(event.fields);
  return {
    ...before,
    ...(isKnownSubject ? { [event.subject]: event.timestamp } : {}),
    ...(event.subject === "sent" ? { client: event.hostname } : { worker: event.hostname }),
    ...(isLate ? lateOf(state, told, before) : { ...told, state, timestamp: event.timestamp, clock: event.clock }),
    lostAt: null,
  };
}

type Told = Partial<TaskRecord>;

function toldIn(fields: HeardTaskEvent["fields"]): Told {
  const told: Partial<Record<keyof TaskRecord, string | number | null>> = {};
  for (const [wire, own, read] of fieldsOfRecord) if (Object.hasOwn(fields, wire)) told[own] = read(fields[wire]);
  return told as Told;
}

function lateOf(state: MonitorState, told: Told, before: TaskRecord): Told {
  if (state === "RECEIVED") return Object.fromEntries(lateFields.filter((field) => field in told).map((field) => [field, told[field]]));
  if (state !== "PENDING") return {};
  // Celery's monitors lose the way of a task whose producer was heard after its worker; nobody else ever tells it.
  const { queue = null, exchange = null, routingKey = null } = told;
  return { queue: before.queue ?? queue, exchange: before.exchange ?? exchange, routingKey: before.routingKey ?? routingKey };
}

function unheardOf({ uuid, timestamp, clock }: HeardTaskEvent): TaskRecord {
  return {
    ...{ uuid, name: null, state: "PENDING", timestamp, clock, retries: 0, lostAt: null },
    ...{ sent: null, received: null, started: null, succeeded: null, failed: null, retried: null, revoked: null, rejected: null },
    ...{ args: null, kwargs: null, result: null, exception: null, traceback: null, runtime: null, eta: null, expires: null },
    ...{ worker: null, client: null, queue: null, exchange: null, routingKey: null, rootId: null, parentId: null },
  };
}

function text(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const written = typeof value === "string" ? value : reprValue(value);
  return written.length > longestText ? `${written.slice(0, longestText)}…` : written;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
