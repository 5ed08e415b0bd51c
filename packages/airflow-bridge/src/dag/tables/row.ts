/** A row as it lies in a table, and what can be wrong with it. Who reads a column says what it may be; what it is not becomes a problem, and the reading goes on. */
import { isRecord, parseInstant, shownValue } from "@celeriac/core/runtime";
import type { TableName } from "./schema.ts";

export type RowValue = string | number | boolean | null;
export type TableRow = Readonly<Record<string, RowValue>>;

export interface RowProblem {
  readonly table: TableName;
  /** the columns of its key, with their values */
  readonly key: TableRow;
  readonly column: string;
  readonly message: string;
}

/** 'dependency (stream "sales", process "load", depends_on "load"), column depends_on: …' */
export function problemText({ table, key, column, message }: RowProblem): string {
  const place = Object.entries(key).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return `${table} (${place.join(", ")}), column ${column}: ${message}`;
}

const keys: Readonly<Record<TableName, readonly string[]>> = {
  stream: ["name"],
  schedule: ["stream"],
  process: ["stream", "name"],
  process_group: ["stream", "name", "process"],
  dependency: ["stream", "process", "depends_on"],
  log: ["stream", "run_id", "process_group", "process", "map_index", "try_number"],
};

export function keyOf(table: TableName, row: TableRow): TableRow {
  return Object.fromEntries(keys[table].map((column) => [column, row[column] ?? null]));
}

export interface RowReader {
  refuse(column: string, message: string): void;
  text(column: string): string;
  textOrNull(column: string): string | null;
  /** a name that can be part of the id of a task */
  name(column: string): string;
  integer(column: string, least: number): number;
  integerOrNull(column: string, least: number): number | null;
  flag(column: string): boolean;
  /** a JSON object */
  json(column: string): Readonly<Record<string, unknown>>;
  /** epoch ms */
  instantOrNull(column: string): number | null;
}

/** Problems go to `problems`. SQLite keeps whatever is written, so that nothing is taken for granted. */
export function createRowReader(table: TableName, row: TableRow, problems: RowProblem[]): RowReader {
  const cell = (column: string): RowValue => row[column] ?? null;
  const refuse = (column: string, message: string) => void problems.push({ table, key: keyOf(table, row), column, message });
  const expected = (column: string, what: string) => refuse(column, `expected ${what}, got ${shownValue(cell(column))}`);
  const reader: RowReader = {
    refuse,
    text(column) {
      const value = cell(column);
      if (typeof value === "string" && value.trim() !== "") return value;
      expected(column, "a text");
      return "";
    },
    textOrNull: (column) => (cell(column) === null ? null : reader.text(column)),
    name(column) {
      const value = cell(column);
      if (typeof value === "string" && /^[\p{L}\p{N}_-]{1,200}$/u.test(value)) return value;
      expected(column, "up to 200 letters, digits, _ and -");
      return "";
    },
    integer(column, least) {
      const value = cell(column);
      if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
      expected(column, Number.isFinite(least) ? `a whole number, ${least} or more` : "a whole number");
      return Math.max(0, least);
    },
    integerOrNull: (column, least) => (cell(column) === null ? null : reader.integer(column, least)),
    flag(column) {
      const value = cell(column);
      if (value === true || value === 1) return true;
      if (value !== false && value !== 0) expected(column, "true or false");
      return false;
    },
    json(column) {
      const parsed = parseJson(cell(column));
      if (isRecord(parsed)) return parsed as Readonly<Record<string, unknown>>;
      expected(column, "a JSON object");
      return {};
    },
    instantOrNull(column) {
      const value = cell(column);
      if (value === null) return null;
      const epochMs = typeof value === "string" ? parseInstant(value) : null;
      if (epochMs === null) expected(column, 'an instant, such as "2030-01-01T08:00:00Z"');
      return epochMs;
    },
  };
  return reader;
}

function parseJson(value: RowValue): unknown {
  try {
    return JSON.parse(String(value));
  } catch {
    return undefined;
  }
}
