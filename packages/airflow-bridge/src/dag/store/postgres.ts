/** The store in PostgreSQL, where several schedulers share it: rows are locked, and who finds one locked goes on to the next. */
import { type Ask, PostgresDatabase, type PostgresRow, parsePostgresUrl, postgresTablesRefused } from "@celeriac/core/runtime";
import { dagLayout } from "./dag-layout.ts";
import { isUndone, postgresFailure } from "./failure.ts";
import type { Layout } from "./layout.ts";
import { type Dialect, type Row, type Sql, type Value, writable } from "./sql.ts";
import type { DagStore, Database } from "./store.ts";
import { closedError, type DatabaseContext, type StoreContext } from "./store-context.ts";

/** Times that a transaction is run before what undoes it is told. */
const mostAttempts = 5;
/** Any number that nobody else is likely to lock. */
const lockNumber = 5_310_772_946;

const dialect: Dialect = {
  text: 'text collate "C"',
  lock: (alias) => `for update of ${alias}`,
  lockFree: (alias) => `for update of ${alias} skip locked`,
  among: (expression) => `${expression} in (select json_array_elements_text(?::json))`,
  list: (texts) => JSON.stringify(texts),
  elements: "jsonb_array_elements(?::jsonb)",
};

/** Throws CONFIG_URL. Connects on first use. */
export function createPostgresStore(url: string, context: StoreContext): DagStore {
  return createPostgresDatabase(url, context, dagLayout(context.defaultPoolSlots));
}

/** The same, of whatever tables. Throws CONFIG_URL. */
export function createPostgresDatabase<T>(url: string, { clock, logger, credentials }: DatabaseContext, layout: Layout<T>): Database<T> {
  const address = parsePostgresUrl(url, credentials);
  const { label } = address;
  const database = new PostgresDatabase(address, {
    context: { clock, logger },
    celeryTables: false,
    bringUpToDate: (ask) => bringUpToDate(ask, label, layout),
    tables: [],
    closed: () => closedError(label),
  });

  async function once<R>(body: (ask: Ask) => Promise<R>): Promise<R> {
    let thrown: { readonly error: unknown } | null = null;
    try {
      await database.ready();
      return await database.transaction(async (ask) => {
        try {
          return await body(ask);
        } catch (error) {
          thrown = { error };
          throw error;
        }
      });
    } catch (error) {
      // What the body throws is its own; what its statements throw is translated already.
      throw thrown === null ? postgresFailure(error, label) : error;
    }
  }

  async function transaction<R>(start: string | null, body: (tables: T) => Promise<R>): Promise<R> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(async (ask) => {
          const sql = sqlOf(ask, label);
          if (start !== null) await sql.run(start);
          return await body(layout.tables(sql));
        });
      } catch (error) {
        if (!isUndone(error) || attempt >= mostAttempts) throw error;
      }
    }
  }

  return {
    label,
    write: (body) => transaction(null, body),
    read: (body) => transaction("set transaction isolation level repeatable read, read only", body),
    close: () => database.close(),
  };
}

function sqlOf(ask: Ask, label: string): Sql {
  async function translated(sql: string, values: readonly Value[] = []): Promise<readonly PostgresRow[]> {
    try {
      return await ask(numbered(sql), values.map(writable));
    } catch (error) {
      throw postgresFailure(error, label);
    }
  }
  return {
    dialect,
    rows: async (sql, values) => (await translated(sql, values)).map((row): Row => Object.values(row)),
    run: async (sql, values) => void (await translated(sql, values)),
  };
}

const texts = new Map<string, string>();
const mostTexts = 1_000;

function numbered(sql: string): string {
  const known = texts.get(sql);
  if (known !== undefined) return known;
  let count = 0;
  const text = sql.replace(/\?/g, () => `$${++count}`);
  if (texts.size >= mostTexts) texts.clear();
  texts.set(sql, text);
  return text;
}

async function bringUpToDate<T>(ask: Ask, label: string, { versionTable, stepsFrom }: Layout<T>): Promise<void> {
  if (versionTable === null) return;
  const missing = async () => stepsFrom(await versionOf(ask, versionTable), dialect, label);
  if ((await missing()).length === 0) return;
  await ask("select pg_advisory_xact_lock($1)", [lockNumber]);
  try {
    // Who waited for the lock remembers that there was no such table until a statement like this one looks anew.
    await ask("create table if not exists celeriac_dag_schema (version integer not null)");
    for (const step of await missing()) await ask(step);
  } catch (error) {
    throw postgresTablesRefused(error);
  }
}

async function versionOf(ask: Ask, table: string): Promise<number> {
  const [found] = await ask("select to_regclass($1) as ours", [table]);
  if (found?.["ours"] == null) return 0;
  const [row] = await ask(`select version from ${table}`);
  return Number(row?.["version"] ?? 0);
}
