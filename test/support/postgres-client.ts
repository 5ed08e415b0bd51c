/** A way into a database of a test's PostgreSQL beside the drivers. */
import pg from "pg";

/** The rows of one statement, through a connection of its own. */
export async function postgresRows(url: string, sql: string, values: readonly unknown[] = []): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url.replace(/^db\+/, "") });
  await client.connect();
  try {
    return (await client.query(sql, [...values])).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

/** Ends every other connection to the database, as an administrator would. */
export async function cutPostgresConnections(url: string): Promise<void> {
  await postgresRows(
    url,
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  );
}

let schemas = 0;

/** The URL of a schema of its own in the database: sooner made than a database. */
export async function freshPostgresSchema(url: string): Promise<string> {
  const schema = `schema_${process.pid}_${++schemas}`;
  await postgresRows(url, `create schema ${schema}`);
  return `${url}?options=${encodeURIComponent(`-c search_path=${schema}`)}`;
}
