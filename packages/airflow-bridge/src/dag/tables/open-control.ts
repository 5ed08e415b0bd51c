/** From a URL to the database that has the six tables, open for as long as it is asked. */
import { existsSync } from "node:fs";
import { CeleriacError, ConfigError, postgresStateOf, redactUrl, sqliteFilePath } from "@celeriac/core/runtime";
import type { Layout } from "../store/layout.ts";
import type { Database } from "../store/store.ts";
import type { DatabaseContext } from "../store/store-context.ts";
import { type ControlTables, controlTables } from "./control-tables.ts";

export interface ControlPlace {
  /** sqlite:// or postgresql:// */
  readonly url: string;
  /** of the names of its tables */
  readonly prefix: string;
}

/** Gives `ask` the database, and closes it. Throws CONFIG_URL, DAG_STORE_*, DAG_TABLES_MISSING, and what `ask` throws. */
export async function withControl<T>(
  place: ControlPlace,
  context: DatabaseContext,
  ask: (database: Database<ControlTables>) => Promise<T>,
): Promise<T> {
  const database = await openControl(place, context);
  try {
    return await ask(database);
  } catch (error) {
    throw isMissing(error) ? missing(database.label, error) : error;
  } finally {
    await database.close();
  }
}

/** The same, where the tables must have been made: a file that is not there is not made by looking. */
export async function withControlMade<T>(
  place: ControlPlace,
  context: DatabaseContext,
  ask: (database: Database<ControlTables>) => Promise<T>,
): Promise<T> {
  const path = isSqlite(place.url) ? sqliteFilePath(place.url) : null;
  if (path !== null && !existsSync(path)) throw missing(path, undefined);
  return await withControl(place, context, ask);
}

async function openControl({ url, prefix }: ControlPlace, context: DatabaseContext): Promise<Database<ControlTables>> {
  const layout: Layout<ControlTables> = { versionTable: null, stepsFrom: () => [], tables: (sql) => controlTables(sql, prefix) };
  if (isSqlite(url)) return (await import("../store/sqlite.ts")).createSqliteDatabase(sqliteFilePath(url), context, layout);
  if (isPostgres(url)) return (await import("../store/postgres.ts")).createPostgresDatabase(url, context, layout);
  throw new ConfigError("CONFIG_URL", `Tables of DAGs ${JSON.stringify(redactUrl(url))}: expected sqlite:// or postgresql://`);
}

function isSqlite(url: string): boolean {
  return /^(?:db\+)?sqlite:/i.test(url);
}

function isPostgres(url: string): boolean {
  return /^(?:db\+)?postgres(?:ql)?(?:\+\w+)?:/i.test(url);
}

function isMissing(error: unknown): boolean {
  if (!CeleriacError.is(error) || error.code !== "DAG_STORE_REFUSED") return false;
  return postgresStateOf(error.cause) === "42P01" || /no such table/.test(error.message);
}

function missing(label: string, cause: unknown): CeleriacError {
  const message = `${label} has no tables of DAGs: celeriac dag tables init makes them`;
  return new CeleriacError("DAG_TABLES_MISSING", message, cause === undefined ? {} : { cause });
}
