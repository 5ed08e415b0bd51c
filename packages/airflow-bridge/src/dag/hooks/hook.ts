/** `hook(type, id)`: a client for a connection, open as long as the process that runs tasks. Own ones are made by `defineHook`. */
import { CeleriacError, isText, shownValue, unknownName } from "@celeriac/core/runtime";
import type { Connection } from "../connections/connection.ts";
import { currentWork } from "../runner/current-work.ts";
import { type HttpHook, httpHook } from "./http.ts";
import type { HookDefinition } from "./open-hooks.ts";
import { type PostgresHook, postgresHook } from "./postgres.ts";
import { type S3Hook, s3Hook } from "./s3.ts";
import { type SqliteHook, sqliteHook } from "./sqlite.ts";

/** What there is, by the type of the connection. */
export interface Hooks {
  postgres: PostgresHook;
  sqlite: SqliteHook;
  http: HttpHook;
  s3: S3Hook;
}

const builtIn: { readonly [K in keyof Hooks]: HookDefinition<Hooks[K]> } = {
  postgres: postgresHook,
  sqlite: sqliteHook,
  http: httpHook,
  s3: s3Hook,
};

/**
 * The client of a connection, in a function of a DAG while it runs: opened once in a process, and closed with it. Rejects with DAG_HOOK_OUTSIDE,
 * DAG_HOOK_TYPE for a connection of another type, CONFIG_DRIVER_MISSING where its package is not installed, DAG_CONNECTION_*.
 */
export async function hook<K extends keyof Hooks>(type: K, connectionId: string): Promise<Hooks[K]> {
  if (!Object.hasOwn(builtIn, type)) throw unknownName("hook", String(type), Object.keys(builtIn));
  return await useHook<Hooks[K]>(builtIn[type], connectionId, `hook(${JSON.stringify(type)})`);
}

/**
 * A hook of your own: `open` makes the client of a connection of one of these types (`[]`: of any), `close` ends it with the process. Gives what
 * `hook` is for the others, typed as what `open` gives. Throws DAG_DEFINITION.
 */
export function defineHook<T>(
  types: string | readonly string[],
  open: (connection: Connection) => T | Promise<T>,
  close: (client: T) => unknown = () => {},
): (connectionId: string) => Promise<T> {
  const named = typeof types === "string" ? [types] : types;
  if (!Array.isArray(named) || !named.every(isText) || typeof open !== "function" || typeof close !== "function")
    throw new CeleriacError("DAG_DEFINITION", `defineHook(${shownValue(types)}, …): expected types of connections, and functions`);
  const definition: HookDefinition<T> = { types: named, open, close };
  return (connectionId) => useHook(definition, connectionId, `A hook of ${named.join(", ") || "any connection"}`);
}

async function useHook<T>(definition: HookDefinition<T>, connectionId: string, what: string): Promise<T> {
  const work = currentWork(what);
  return await work.hooks.use(definition, await work.connection(connectionId));
}
