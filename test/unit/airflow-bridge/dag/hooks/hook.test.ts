/** Hooks as tasks use them: in a DAG that runs here, with connections of the environment. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createApp } from "@celeriac/core";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { connectionOf } from "../../../../../packages/airflow-bridge/src/dag/connections/connection.ts";
import { dag } from "../../../../../packages/airflow-bridge/src/dag/definition/dag.ts";
import { defineHook, hook } from "../../../../../packages/airflow-bridge/src/dag/hooks/hook.ts";
import { postgresUrlOf } from "../../../../../packages/airflow-bridge/src/dag/hooks/postgres.ts";
import { sqlitePathOf } from "../../../../../packages/airflow-bridge/src/dag/hooks/sqlite.ts";
import type { RunContext } from "../../../../../packages/airflow-bridge/src/dag/runner/run-context.ts";
import type { Trial } from "../../../../../packages/airflow-bridge/src/dag/trial/trial.ts";
import { freePort } from "../../../../support/free-port.ts";
import { temporaryDirectory } from "../../../../support/private-process.ts";

afterEach(() => vi.unstubAllEnvs());

function connect(id: string, fields: object): void {
  vi.stubEnv(`AIRFLOW_CONN_${id.toUpperCase()}`, JSON.stringify(fields));
}

async function tried(...fns: ((run: RunContext) => Promise<unknown>)[]): Promise<Trial & { readonly values: unknown[] }> {
  const app = createApp("shop", { broker: "memory://" });
  const values: unknown[] = [];
  const etl = dag(app, "etl", {}, (d) => {
    fns.forEach((fn, at) => void d.task(`t${at}`, async (run) => void values.push(await fn(run)))());
  });
  return { ...(await etl.test()), values };
}

const reasons = ({ instances }: Trial) => instances.map(({ reason }) => reason);

describe("a hook", () => {
  it("of one's own opens a connection once for all tasks, and is closed when they have ended", async () => {
    connect("cache", { conn_type: "redis", host: "h" });
    const said: string[] = [];
    const cache = defineHook(
      ["redis", "valkey"],
      async ({ host }) => ({ host, at: said.push("open") }),
      async ({ host }) => void said.push(`close ${host}`),
    );
    const ask = async () => void said.push(`ask ${(await cache("cache")).host}`);
    expect((await tried(ask, ask)).state).toBe("success");
    expect(said).toEqual(["open", "ask h", "ask h", "close h"]);
  });

  it("is refused outside of a task, of an unknown type, and for no connection, or one of another type", async () => {
    connect("db", { conn_type: "mysql" });
    await expect(hook("http", "db")).rejects.toMatchObject({ code: "DAG_HOOK_OUTSIDE" });
    await expect(hook("htp" as "http", "db")).rejects.toMatchObject({ code: "CONFIG_UNKNOWN", message: expect.stringContaining("http") });
    for (const wrong of [
      [1, () => 1],
      [["a"], 1],
      [["a"], () => 1, 1],
    ])
      expect(() => defineHook(...(wrong as [string, () => number]))).toThrow(expect.objectContaining({ code: "DAG_DEFINITION" }));
    expect(
      reasons(
        await tried(
          () => hook("postgres", "db"),
          () => hook("postgres", "none") as never,
        ),
      ),
    ).toEqual(["Connection db is of the type mysql: expected postgres", expect.stringContaining("AIRFLOW_CONN_NONE")]);
  });
});

describe('hook("sqlite")', () => {
  it("reads and writes a file, with rows as objects", async () => {
    const folder = temporaryDirectory("sqlite-hook");
    onTestFinished(() => folder.remove());
    vi.stubEnv("AIRFLOW_CONN_SHOP", `sqlite://${join(folder.path, "Shop.db")}`);
    const { values } = await tried(
      async () => {
        const shop = await hook("sqlite", "shop");
        shop.execute("create table t (n integer, s text); create table u (n integer)");
        const at = new Date(0);
        return shop.run("insert into t values (?, ?), (?, ?), (?, ?)", [true, at, undefined, { a: 1 }, 3, "x"]);
      },
      async () => (await hook("sqlite", "shop")).query("select * from t"),
      async () => {
        const shop = await hook("sqlite", "shop");
        const broken = () =>
          shop.transaction(() => {
            shop.run("delete from t");
            throw new Error("no");
          });
        expect(broken).toThrow("no");
        shop.transaction(() => shop.run("delete from t where n = ?", [3]));
        return shop.query<{ n: number }>("select count(*) as n from t")[0]!.n;
      },
    );
    expect(values).toEqual([
      3,
      [
        { n: 1, s: "1970-01-01T00:00:00.000Z" },
        { n: null, s: '{"a":1}' },
        { n: 3, s: "x" },
      ],
      2,
    ]);
  });

  it.each([
    [{ host: "/var/lib/shop.db" }, "/var/lib/shop.db"],
    [{ schema: "var/lib/shop.db" }, "/var/lib/shop.db"],
    [{ host: ".", schema: "shop.db" }, "./shop.db"],
  ])("finds its file by %j", (fields, path) => {
    expect(sqlitePathOf(connectionOf("shop", fields))).toBe(path);
  });

  it("refuses a connection without a file", () => {
    expect(() => sqlitePathOf(connectionOf("shop", {}))).toThrow(expect.objectContaining({ code: "DAG_CONNECTION_INVALID" }));
  });
});

describe('hook("postgres")', () => {
  it.each([
    [{ host: "db", port: 5433, login: "me", password: "a/b@c", schema: "shop" }, "postgresql://me:a%2Fb%40c@db:5433/shop?"],
    [{ login: "me" }, "postgresql://me@localhost/?"],
    [{ port: 1 }, "postgresql://localhost:1/?"],
    [
      { host: "::1", schema: "a b", extra: { sslmode: "require", keepalives: 1, nested: {} } },
      "postgresql://[::1]/a%20b?sslmode=require&keepalives=1",
    ],
    [{ host: "/run/postgresql", login: "me", schema: "shop" }, "postgresql://me@localhost/shop?host=%2Frun%2Fpostgresql"],
  ])("finds its server by %j", (fields, url) => {
    expect(postgresUrlOf(connectionOf("db", fields))).toBe(url);
  });
});

describe('hook("http")', () => {
  interface Heard {
    readonly url: string | undefined;
    readonly method: string | undefined;
    readonly headers: Readonly<Record<string, unknown>>;
  }

  async function serve(): Promise<{ readonly port: number; readonly heard: Heard[] }> {
    const heard: Heard[] = [];
    const server = createServer(({ url, method, headers }, response) => {
      heard.push({ url, method, headers });
      if (url !== "/never") response.writeHead(url === "/missing" ? 404 : 200).end("done");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.closeAllConnections());
    onTestFinished(() => void server.close());
    return { port: (server.address() as AddressInfo).port, heard };
  }

  it("asks below the connection's address, with its login and headers", async () => {
    const { port, heard } = await serve();
    connect("api", {
      conn_type: "http",
      host: "127.0.0.1",
      port,
      login: "me",
      password: "pw",
      extra: { "x-shop": "a", verify: "false", headers: { "x-more": "b" } },
    });
    const { values } = await tried(
      async () => (await (await hook("http", "api")).fetch("v1/orders", { method: "POST", headers: { "x-shop": "c" }, body: "{}" })).text(),
      async () => (await (await hook("http", "api")).fetch("/missing")).status,
      async () => (await hook("http", "api")).baseUrl,
    );
    expect(values).toEqual(["done", 404, `http://127.0.0.1:${port}`]);
    const authorization = `Basic ${Buffer.from("me:pw").toString("base64")}`;
    expect(heard[0]).toMatchObject({ url: "/v1/orders", method: "POST", headers: { authorization, "x-shop": "c", "x-more": "b" } });
    expect(heard[0]!.headers).not.toHaveProperty("verify");
  });

  it("ends with the try that asks, and says why no answer came", async () => {
    const { port } = await serve();
    connect("api", { conn_type: "http", host: `http://127.0.0.1:${port}` });
    connect("gone", { conn_type: "http", host: "127.0.0.1", port: await freePort(), schema: "https" });
    connect("nowhere", { conn_type: "http" });
    const app = createApp("shop", { broker: "memory://" });
    const etl = dag(app, "etl", {}, (d) => {
      d.task("slow", { executionTimeout: "50ms" }, async () => void (await (await hook("http", "api")).fetch("/never")))();
      d.task("gone", async () => void (await (await hook("http", "gone")).fetch("x?token=abc")))();
      d.task("nowhere", async () => void (await (await hook("http", "nowhere")).fetch("x")))();
    });
    expect(reasons(await etl.test())).toEqual([
      "it ran for longer than its execution timeout (50 ms)",
      expect.stringMatching(/^No answer to GET https:\/\/127\.0\.0\.1:\d+\/x\?token=\*+ \(.*ECONNREFUSED/),
      expect.stringContaining("Connection nowhere names no address"),
    ]);
  });
});
