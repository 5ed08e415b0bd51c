/** PostgreSQL for tasks: a pool of `pg`, from Airflow's connection. */
import { ConfigError } from "@celeriac/core/runtime";
import type pg from "pg";
import type { Connection } from "../connections/connection.ts";
import type { HookDefinition } from "./open-hooks.ts";

/** A `Pool` of the package `pg`, by what most of its users call. Connects when it is first asked. */
export interface PostgresHook extends PostgresQueries {
  /** One connection, for a transaction: whoever takes it releases it. */
  connect(): Promise<PostgresQueries & { release(error?: Error | boolean): void }>;
}

export interface PostgresQueries {
  /** One statement with `$1`, `$2` … for values, or several without. Rejects with the errors of `pg`. */
  query<Row = Record<string, unknown>>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: Row[]; readonly rowCount: number | null }>;
}

const mostConnections = 4;
const connectLimitMs = 10_000;

export const postgresHook: HookDefinition<PostgresHook> = {
  types: ["postgres"],
  async open(connection) {
    const { Pool } = await loadPg();
    const pool = new Pool({
      connectionString: postgresUrlOf(connection),
      max: mostConnections,
      connectionTimeoutMillis: connectLimitMs,
      allowExitOnIdle: true,
    });
    // Of a connection that nobody uses: the next query makes another.
    pool.on("error", () => {});
    return pool as unknown as PostgresHook;
  },
  close: (pool) => (pool as unknown as pg.Pool).end(),
};

/** `extra` has options as libpq names them, such as sslmode; the database is the one of `schema`. */
export function postgresUrlOf({ host, port, login, password, schema, extra }: Connection): string {
  const user = login === null ? "" : `${encodeURIComponent(login)}${password === null ? "" : `:${encodeURIComponent(password)}`}@`;
  const isSocket = host?.includes("/") ?? false;
  const name = host === null || isSocket ? "" : host.includes(":") ? `[${host}]` : encodeURIComponent(host);
  const options = Object.entries(extra).filter(([, value]) => typeof value === "string" || typeof value === "number");
  const query = new URLSearchParams(options.map(([key, value]): [string, string] => [key, String(value)]));
  if (isSocket) query.set("host", host!);
  const isNamed = name !== "" || (user === "" && port === null);
  const place = `${isNamed ? name : "localhost"}${port === null ? "" : `:${port}`}`;
  return `postgresql://${user}${place}/${encodeURIComponent(schema ?? "")}?${query}`;
}

async function loadPg(): Promise<typeof pg> {
  try {
    return (await import("pg")).default;
  } catch (cause) {
    throw new ConfigError("CONFIG_DRIVER_MISSING", 'hook("postgres") needs the package pg, which is not installed here: npm install pg', {
      cause,
    });
  }
}
