/**
 * The store in one file, or in memory. Its transactions are short and run in the thread that asks, one at a time on one connection; who waits
 * for another process's does not hold up this thread.
 */
import { closeSync, openSync } from "node:fs";
import {
  CeleriacError,
  type Connection,
  canonicalPath,
  loadLibsql,
  memoryPath,
  openConnection,
  refuseNetworkFileSystem,
} from "@celeriac/core/runtime";
import { dagLayout } from "./dag-layout.ts";
import { sqliteFailure } from "./failure.ts";
import type { Layout } from "./layout.ts";
import { type Dialect, type Row, type Sql, writable } from "./sql.ts";
import type { DagStore, Database } from "./store.ts";
import { closedError, type DatabaseContext, type StoreContext } from "./store-context.ts";

/** in which it tries without giving way */
const patienceMs = 5;
const againMs = 10;
/** Nobody holds the lock so long, unless stopped in the middle of it. */
const lockLimitMs = 60_000;
/** Statements that stay prepared. */
const mostPrepared = 300;

const dialect: Dialect = {
  text: "text",
  lock: () => "",
  lockFree: () => "",
  // The sign keeps the planner from coming in this way, past the order of an index.
  among: (expression) => `+${expression} in (select value from json_each(?))`,
  list: (texts) => JSON.stringify(texts),
  elements: "json_each(?)",
};

interface Opened<T> {
  readonly connection: Connection;
  readonly tables: T;
}

/** `path`: of a file, or `memoryPath`. Opens nothing yet. */
export function createSqliteStore(path: string, context: StoreContext): DagStore {
  return createSqliteDatabase(path, context, dagLayout(context.defaultPoolSlots));
}

/** The same, of whatever tables. */
export function createSqliteDatabase<T>(path: string, { clock, durability }: DatabaseContext, layout: Layout<T>): Database<T> {
  const label = path === memoryPath ? "in memory" : path;
  let opening: Promise<Opened<T>> | null = null;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  function translated<R>(ask: () => R): R {
    try {
      return ask();
    } catch (error) {
      throw sqliteFailure(error, label);
    }
  }

  async function open(): Promise<Opened<T>> {
    const libsql = await loadLibsql();
    const connection = translated(() => {
      if (path === memoryPath) return openConnection(libsql, path, { durability });
      const file = canonicalPath(path);
      refuseNetworkFileSystem(file);
      // It may hold passwords of connections. What SQLite puts beside it is for the same eyes.
      closeSync(openSync(file, "a", 0o600));
      return openConnection(libsql, file, { durability });
    });
    try {
      translated(() => connection.write(() => stepsOf(connection, label, layout).forEach(connection.execute)));
    } catch (error) {
      connection.close();
      throw error;
    }
    return { connection, tables: layout.tables(sqlOf(connection)) };
  }

  function sqlOf(connection: Connection): Sql {
    const prepared = new Map<string, ReturnType<Connection["query"]>>();
    const statement = (sql: string) => {
      const known = prepared.get(sql);
      if (known !== undefined) return known;
      if (prepared.size >= mostPrepared) prepared.clear();
      const made = connection.query(sql);
      prepared.set(sql, made);
      return made;
    };
    return {
      dialect,
      rows: async (sql, values = []) => translated(() => statement(sql).all(values.map(writable))) as readonly Row[],
      run: async (sql, values = []) => void translated(() => statement(sql).run(values.map(writable))),
    };
  }

  async function begin(connection: Connection): Promise<void> {
    const since = clock.monotonic();
    while (!translated(() => connection.begin(patienceMs))) {
      if (clock.monotonic() - since > lockLimitMs)
        throw new CeleriacError(
          "DAG_STORE_UNREACHABLE",
          `DAG store ${label}: another process has held its lock for ${lockLimitMs / 1_000} s`,
        );
      await clock.sleep(againMs);
    }
  }

  async function transaction<R>(start: (connection: Connection) => Promise<void>, body: (tables: T) => Promise<R>): Promise<R> {
    if (closed) throw closedError(label);
    opening ??= open();
    const { connection, tables } = await opening.catch((error: unknown) => {
      opening = null;
      throw error;
    });
    await start(connection);
    try {
      const given = await body(tables);
      translated(() => connection.commit());
      return given;
    } catch (error) {
      undo(connection);
      throw error;
    }
  }

  /** A connection that cannot even go back is of no use any more. */
  function undo(connection: Connection): void {
    try {
      connection.rollback();
    } catch {
      if (path !== memoryPath) opening = null;
    }
  }

  function inTurn<R>(work: () => Promise<R>): Promise<R> {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  }

  return {
    label,
    write: (body) => inTurn(() => transaction(begin, body)),
    read: (body) => inTurn(() => transaction(async (connection) => translated(() => connection.execute("begin")), body)),
    close: () =>
      inTurn(async () => {
        closed = true;
        const opened = await opening?.catch(() => null);
        opening = null;
        opened?.connection.close();
      }),
  };
}

function stepsOf<T>(connection: Connection, label: string, { versionTable, stepsFrom }: Layout<T>): readonly string[] {
  if (versionTable === null) return [];
  const [made] = connection.query("select 1 from sqlite_schema where name = ?").all([versionTable]);
  const [row] = made === undefined ? [] : connection.query(`select version from ${versionTable}`).all([]);
  return stepsFrom(Number(row?.[0] ?? 0), dialect, label);
}
