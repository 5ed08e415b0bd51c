/** Hooks of DAGs: what each gives. */
import { type Connection, dag, defineHook, type Handle, type HttpHook, hook, httpOk, type SqliteHook, sqlRow } from "celeriac/dag";
import { app } from "./app.ts";
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

dag(app, "asking", {}, (d) => {
  const orders = d.sql<{ id: number }>("orders", "shop", "select id from orders where at = $1", {
    params: [d.run("logicalDate")],
    retries: 1,
  });
  expectType<Equal<typeof orders, Handle<{ id: number }[]>>>();
  const any = d.sql("any", "shop", "select 1");
  expectType<Equal<typeof any, Handle<Record<string, unknown>[]>>>();
  const made = d.http<{ ok: boolean }>("made", "api", { method: "POST", path: d.bash("path", "echo /x"), body: orders });
  expectType<Equal<typeof made, Handle<{ ok: boolean }>>>();
  const text = d.http("text", "api", { expect: "text" });
  expectType<Equal<typeof text, Handle<string>>>();
  // @ts-expect-error a misspelt option
  d.http("x", "api", { metod: "POST" });
  // @ts-expect-error a path is a text
  d.http("x", "api", { path: orders });
  const row = d.sensor("row", {}, sqlRow<{ n: number }>("shop", "select 1 as n"));
  expectType<Equal<typeof row, Handle<{ n: number }>>>();
  const ok = d.sensor("ok", {}, httpOk("api", "health"));
  expectType<Equal<typeof ok, Handle<true>>>();
  const version = d.sensor(
    "version",
    {},
    httpOk("api", "version", async (answer) => answer.ok && (await answer.text())),
  );
  expectType<Equal<typeof version, Handle<string>>>();
});
