/** A SQLite file for tasks, through libsql, from Airflow's connection. */
import { CeleriacError, loadLibsql } from "@celeriac/core/runtime";
import type { Connection } from "../connections/connection.ts";
import type { HookDefinition } from "./open-hooks.ts";

/** One connection to the file, in the thread of the task: no call waits for another. Throws the errors of libsql. */
export interface SqliteHook {
  /** The rows of one statement with `?` for values: numbers, texts, bytes, null; dates as ISO text, objects as JSON, true as 1. */
  query<Row = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Row[];
  /** One statement that gives no rows; gives how many it changed. */
  run(sql: string, values?: readonly unknown[]): number;
  /** Several statements without values. */
  execute(sql: string): void;
  /** All of `body`, which is synchronous, or nothing of it. */
  transaction<T>(body: () => T): T;
}

/** so long it waits for a lock that another process holds */
const patienceMs = 5_000;

interface ClosingSqliteHook extends SqliteHook {
  close(): void;
}

export const sqliteHook: HookDefinition<SqliteHook> = {
  types: ["sqlite"],
  async open(connection): Promise<ClosingSqliteHook> {
    const path = sqlitePathOf(connection);
    const libsql = await loadLibsql();
    const database = new libsql(path, { timeout: patienceMs });
    return {
      // Read to the end: a statement that is half read holds its snapshot.
      query: <Row>(sql: string, values: readonly unknown[] = []) => database.prepare(sql).all(values.map(writable)) as Row[],
      run: (sql, values = []) => database.prepare(sql).run(values.map(writable)).changes,
      execute: (sql) => void database.exec(sql),
      transaction: (body) => database.transaction(body).immediate(),
      close: () => void database.close(),
    };
  },
  close: (client) => (client as ClosingSqliteHook).close(),
};

/** `host` is the path, as in Airflow; of a URI, `sqlite:///var/lib/shop.db` has it in `schema`. */
export function sqlitePathOf({ id, host, schema }: Connection): string {
  if (host === null && schema === null)
    throw new CeleriacError("DAG_CONNECTION_INVALID", `Connection ${id} names no file: its host is the path, as sqlite:///var/lib/shop.db`);
  if (host === null) return `/${schema}`;
  return schema === null ? host : `${host}/${schema}`;
}

/** libsql ends the process over a boolean. */
function writable(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "boolean") return Number(value);
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" && value !== null && !ArrayBuffer.isView(value) ? JSON.stringify(value) : value;
}
