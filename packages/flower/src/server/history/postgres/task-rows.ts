/** Tasks and their events as rows of PostgreSQL: many go in and out with one statement, as JSON. */
import type { PostgresRow } from "@celeriac/core/runtime";
import { keptFields } from "../event-fields.ts";
import type { HeardTaskEvent } from "../heard-event.ts";
import { sizeOf } from "../recent-tasks.ts";
import type { TaskEvent, TaskRecord } from "../task-record.ts";
import { columnNames, recordOf, valuesOf } from "../task-row.ts";
import { writable } from "../writable-text.ts";
import type { AskHistory } from "./database.ts";

export interface StoredTask {
  readonly id: number;
  /** about as many bytes as it takes, with its indexes and events */
  readonly size: number;
  readonly record: TaskRecord;
}

/** Of a row with its indexes, and of an event. */
const rowBytes = 500;
const eventBytes = 200;

const numbers: ReadonlySet<string> = new Set([
  ...["timestamp", "received", "started", "sent", "runtime", "succeeded", "failed", "retried", "revoked", "rejected", "lost_at"],
  ...["clock", "retries"],
]);
const columns = ["id", "size", ...columnNames];
const typed = [
  "id bigint",
  "size double precision",
  ...columnNames.map((name) => `${name} ${numbers.has(name) ? "double precision" : "text"}`),
];

const putTasks = `insert into celeriac_history_task (${columns.join(", ")}) select ${columns.join(", ")} from json_to_recordset(?) as given (${typed.join(", ")})
  on conflict (id) do update set ${columns
    .slice(1)
    .map((name) => `${name} = excluded.${name}`)
    .join(", ")}`;
const someTasks = `select ${columns.join(", ")} from celeriac_history_task where uuid = any (?)`;
const eventColumns = "task bigint, timestamp double precision, subject text, clock double precision, hostname text";
const knownEvents = `select n from json_to_recordset(?) as given (n integer, ${eventColumns})
  join celeriac_history_event using (task, timestamp, subject, clock, hostname)`;
const addEvents = `insert into celeriac_history_event (task, timestamp, subject, clock, hostname, fields)
  select task, timestamp, subject, clock, hostname, fields from json_to_recordset(?) as given (${eventColumns}, fields text)`;

export async function readTasks(ask: AskHistory, uuids: readonly string[]): Promise<readonly StoredTask[]> {
  if (uuids.length === 0) return [];
  const rows = await ask(someTasks, [uuids]);
  return rows.map((row) => ({ id: Number(row["id"]), size: row["size"] as number, record: recordIn(row) }));
}

export async function writeTasks(ask: AskHistory, tasks: readonly StoredTask[]): Promise<void> {
  if (tasks.length === 0) return;
  const rows = tasks.map(({ id, size, record }) => {
    const values = valuesOf(record);
    const row: Record<string, unknown> = { id, size };
    for (const [index, name] of columnNames.entries()) {
      const value = values[index];
      row[name] = typeof value === "string" ? writable(value) : value;
    }
    return row;
  });
  await ask(putTasks, [JSON.stringify(rows)]);
}

/** An event, and the number of its task. */
export interface StoredEvent {
  readonly task: number;
  readonly event: HeardTaskEvent;
}

/** Which of them are there, by their places in the list. */
export async function knownAmong(ask: AskHistory, events: readonly StoredEvent[]): Promise<ReadonlySet<number>> {
  if (events.length === 0) return new Set();
  const rows = await ask(knownEvents, [JSON.stringify(events.map((each, n) => ({ n, ...keyOf(each) })))]);
  return new Set(rows.map(({ n }) => n as number));
}

export async function writeEvents(ask: AskHistory, events: readonly StoredEvent[]): Promise<void> {
  if (events.length === 0) return;
  await ask(addEvents, [JSON.stringify(events.map((each) => ({ ...keyOf(each), fields: keptFields(each.event.fields) })))]);
}

function keyOf({ task, event: { timestamp, subject, clock, hostname } }: StoredEvent) {
  return { task, timestamp, subject, clock, hostname };
}

export function taskBytes(record: TaskRecord): number {
  return rowBytes + sizeOf(record);
}

export function eventSize({ fields }: HeardTaskEvent): number {
  return eventBytes + (keptFields(fields)?.length ?? 0);
}

/** `row`: with all columns of a task. */
export function recordIn(row: PostgresRow): TaskRecord {
  return recordOf(columnNames.map((column) => row[column]));
}

export function eventIn({ subject, timestamp, hostname, clock, fields }: PostgresRow): TaskEvent {
  return {
    type: `task-${String(subject)}`,
    timestamp: timestamp as number,
    hostname: String(hostname),
    clock: clock as number,
    fields: fields === null ? {} : (JSON.parse(String(fields)) as Record<string, unknown>),
  };
}
