/** A task as a row of its table, both ways: the same in every database. */
import { longTexts, previewLength } from "./preview.ts";
import type { TaskRecord } from "./task-record.ts";

type ColumnValue = string | number | null;

/** column, field, and what stands for null in a column that has none */
const columns: readonly (readonly [column: string, field: keyof TaskRecord, none: ColumnValue])[] = [
  ["uuid", "uuid", null],
  ["name", "name", ""],
  ["state", "state", null],
  ["worker", "worker", ""],
  ["queue", "queue", ""],
  ["timestamp", "timestamp", null],
  ["received", "received", 0],
  ["started", "started", 0],
  ["sent", "sent", 0],
  ["runtime", "runtime", -1],
  ["succeeded", "succeeded", null],
  ["failed", "failed", null],
  ["retried", "retried", null],
  ["revoked", "revoked", null],
  ["rejected", "rejected", null],
  ["lost_at", "lostAt", null],
  ["clock", "clock", null],
  ["retries", "retries", null],
  ["eta", "eta", null],
  ["expires", "expires", null],
  ["client", "client", null],
  ["exchange", "exchange", null],
  ["routing_key", "routingKey", null],
  ["root_id", "rootId", null],
  ["parent_id", "parentId", null],
  ["exception", "exception", null],
  ["args", "args", null],
  ["kwargs", "kwargs", null],
  ["result", "result", null],
  ["traceback", "traceback", null],
];

export const columnNames: readonly string[] = columns.map(([column]) => column);

const long: ReadonlySet<string> = new Set(longTexts);

/** What a list selects. */
export const previewList = columnNames
  .map((column) => (long.has(column) ? `substr(${column}, 1, ${previewLength}) as ${column}` : column))
  .join(", ");

export function valuesOf(record: TaskRecord): ColumnValue[] {
  return columns.map(([, field, none]) => record[field] ?? none);
}

/** `row`: as `columnNames` has them. */
export function recordOf(row: readonly unknown[]): TaskRecord {
  const record: Record<string, unknown> = {};
  for (const [index, [, field, none]] of columns.entries()) record[field] = none !== null && row[index] === none ? null : row[index];
  return record as unknown as TaskRecord;
}
