/** Runs SQL on a connection of either kind, in one transaction: what the operator and the poke have in common. */
import { CeleriacError } from "@celeriac/core/runtime";
import { currentWork } from "../runner/current-work.ts";
import { hook } from "./hook.ts";
import type { PostgresHook } from "./postgres.ts";
import { sqlStatements } from "./sql-statements.ts";
import type { SqliteHook } from "./sqlite.ts";

export type SqlRow = Readonly<Record<string, unknown>>;

/**
 * The rows of the last statement. Within a task. What runs on PostgreSQL is cancelled there when the try is to end. Throws DAG_HOOK_TYPE,
 * DAG_DEFINITION for values that do not fit, and what the database says.
 */
export async function runSql(connectionId: string, sql: string, values: readonly unknown[]): Promise<readonly SqlRow[]> {
  const work = currentWork("SQL of a DAG");
  const { type } = await work.connection(connectionId);
  switch (type) {
    case "postgres":
      return await onPostgres(await hook(type, connectionId), sql, values, work.signal);
    case "sqlite":
      return onSqlite(await hook(type, connectionId), sql, values);
    default:
      throw new CeleriacError("DAG_HOOK_TYPE", `Connection ${connectionId} is of the type ${type}: SQL runs on postgres or sqlite`);
  }
}

async function onPostgres(pool: PostgresHook, sql: string, values: readonly unknown[], signal: AbortSignal): Promise<readonly SqlRow[]> {
  const statements = sqlStatements(sql, values, "postgres");
  const client = await pool.connect();
  let broken: Error | undefined;
  const over = new AbortController();
  try {
    signal.throwIfAborted();
    await client.query("begin");
    const { rows: own } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    const cancel = () => void pool.query("select pg_cancel_backend($1)", [own[0]!.pid]).catch(() => {});
    signal.addEventListener("abort", cancel, { signal: over.signal });
    let rows: readonly SqlRow[] = [];
    for (const statement of statements) {
      signal.throwIfAborted();
      rows = (await client.query<SqlRow>(statement.text, statement.values)).rows;
    }
    await client.query("commit");
    return rows;
  } catch (error) {
    // A connection that cannot even go back is of no use any more.
    await client.query("rollback").catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    over.abort();
    client.release(broken);
  }
}

function onSqlite(file: SqliteHook, sql: string, values: readonly unknown[]): readonly SqlRow[] {
  const statements = sqlStatements(sql, values, "sqlite");
  const run = () => statements.reduce<readonly SqlRow[]>((_, statement) => file.query<SqlRow>(statement.text, statement.values), []);
  // One alone is a transaction, which waits for nobody who writes where it only reads.
  return statements.length === 1 ? run() : file.transaction(run);
}
