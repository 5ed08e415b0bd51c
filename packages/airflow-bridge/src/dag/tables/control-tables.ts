/** The six tables in a database: made, read, and written to, within a transaction. */
import type { Row, Sql, Value } from "../store/sql.ts";
import type { RowValue, TableRow } from "./row.ts";
import { type TableName, tableStatements } from "./schema.ts";

/** All rows but those of the log, as they lie there. */
export type ControlRows = Readonly<Record<Exclude<TableName, "log">, readonly TableRow[]>>;

export interface LogRow {
  readonly stream: string;
  readonly runId: string;
  /** "": none */
  readonly processGroup: string;
  readonly process: string;
  readonly mapIndex: number;
  readonly tryNumber: number;
  readonly state: string;
  /** epoch ms */
  readonly startedAt: number | null;
  readonly endedAt: number;
  readonly message: string | null;
}

export interface ControlTables {
  /** Makes those that are not there. */
  create(): Promise<void>;
  read(): Promise<ControlRows>;
  /** the shape in which a stream goes on when its rows are wrong one day */
  setLastGood(stream: string, plan: string): Promise<void>;
  insert(table: Exclude<TableName, "log">, row: TableRow): Promise<void>;
  /** By run, process and try. */
  log(stream: string): Promise<readonly TableRow[]>;
  /** Of tries of one run; what the log has of them already is left alone. */
  putLog(rows: readonly LogRow[]): Promise<void>;
}

const columns = {
  stream: ["name", "description", "enabled", "params", "max_active_runs", "last_good"],
  schedule: ["stream", "cron", "timezone", "start_at", "end_at", "catch_up", "enabled"],
  process: [
    ...["stream", "name", "kind", "command", "params", "retries", "retry_delay_seconds", "timeout_seconds"],
    ...["pool", "priority", "enabled"],
  ],
  process_group: ["stream", "name", "process", "priority"],
  dependency: ["stream", "process", "depends_on"],
} as const satisfies Readonly<Record<keyof ControlRows, readonly string[]>>;

const logKey = ["stream", "run_id", "process_group", "process", "map_index", "try_number"] as const;
const logColumns = [...logKey, "state", "started_at", "ended_at", "message"] as const;

export function controlTables(sql: Sql, prefix: string): ControlTables {
  async function all(table: keyof ControlRows): Promise<readonly TableRow[]> {
    const names = columns[table];
    const rows = await sql.rows(`select ${names.join(", ")} from ${prefix}${table} order by ${names.slice(0, 3).join(", ")}`);
    return rows.map((row) => rowOf(names, row));
  }

  /** What the log has of a run, each try by its key and its end. */
  async function logged(row: LogRow | undefined): Promise<ReadonlySet<string>> {
    if (row === undefined) return new Set();
    const names = [...logKey, "ended_at"].join(", ");
    const rows = await sql.rows(`select ${names} from ${prefix}log where stream = ? and run_id = ?`, [row.stream, row.runId]);
    return new Set(rows.map((each) => JSON.stringify(each.map(plain))));
  }

  return {
    async create() {
      for (const statement of tableStatements(prefix)) await sql.run(statement);
    },
    read: async () => ({
      stream: await all("stream"),
      schedule: await all("schedule"),
      process: await all("process"),
      process_group: await all("process_group"),
      dependency: await all("dependency"),
    }),
    setLastGood: (stream, plan) => sql.run(`update ${prefix}stream set last_good = ? where name = ?`, [plan, stream]),
    async insert(table, row) {
      const names = columns[table].filter((name) => row[name] !== undefined);
      const holes = names.map(() => "?").join(", ");
      await sql.run(
        `insert into ${prefix}${table} (${names.join(", ")}) values (${holes})`,
        names.map((name) => written(row[name]!)),
      );
    },
    async log(stream) {
      const order = logKey.slice(1).join(", ");
      const rows = await sql.rows(`select ${logColumns.join(", ")} from ${prefix}log where stream = ? order by ${order}`, [stream]);
      return rows.map((row) => rowOf(logColumns, row));
    },
    async putLog(rows) {
      const holes = logColumns.map(() => "?").join(", ");
      const set = logColumns.slice(logKey.length).map((name) => `${name} = excluded.${name}`);
      const statement = `insert into ${prefix}log (${logColumns.join(", ")}) values (${holes}) on conflict (${logKey.join(", ")}) do update set ${set.join(", ")}`;
      const known = await logged(rows[0]);
      for (const values of rows.map(logValues)) if (!known.has(markOf(values))) await sql.run(statement, values);
    },
  };
}

function logValues(row: LogRow): readonly Value[] {
  const { stream, runId, processGroup, process, mapIndex, tryNumber, state, startedAt, endedAt, message } = row;
  return [stream, runId, processGroup, process, mapIndex, tryNumber, state, instantText(startedAt), instantText(endedAt), message];
}

function markOf(values: readonly Value[]): string {
  return JSON.stringify([...values.slice(0, logKey.length), values[logColumns.indexOf("ended_at")]]);
}

function instantText(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString();
}

function rowOf(names: readonly string[], row: Row): TableRow {
  return Object.fromEntries(names.map((name, at) => [name, plain(row[at])] as const));
}

/** PostgreSQL gives its times as dates. */
function plain(value: unknown): RowValue {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : String(value);
}

/** Both databases take 1 for true. */
function written(value: RowValue): Value {
  return typeof value === "boolean" ? Number(value) : value;
}
