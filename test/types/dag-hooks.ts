/** Hooks of DAGs: what each gives. */
import { type Connection, defineHook, type HttpHook, hook, type SqliteHook } from "celeriac/dag";
import { type Equal, expectType } from "./equal.ts";

export async function hooks(): Promise<void> {
  const http = await hook("http", "api");
  expectType<Equal<typeof http, HttpHook>>();
  const file = await hook("sqlite", "shop");
  expectType<Equal<typeof file, SqliteHook>>();
  const { rows } = await (await hook("postgres", "db")).query<{ n: number }>("select 1 as n");
  expectType<Equal<typeof rows, { n: number }[]>>();
  // @ts-expect-error no such hook
  await hook("mysql", "db");
  const cache = defineHook(
    ["redis", "valkey"],
    async (connection) => {
      expectType<Equal<typeof connection, Connection>>();
      return { get: (key: string) => `${connection.host}/${key}`, quit: async () => {} };
    },
    (client) => client.quit(),
  );
  const text = (await cache("cache")).get("a");
  expectType<Equal<typeof text, string>>();
  const opened = () => ({ quit: 1 });
  // @ts-expect-error what is closed is what was opened
  defineHook("redis", opened, (client) => client.end());
}
