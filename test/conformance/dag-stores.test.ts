/** DAG stores against the suite of all of them, and what each does in its own way. */
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { describe, expect, it, onTestFinished } from "vitest";
import { memoryStore, openDagStore } from "../../packages/airflow-bridge/src/dag/store/open-store.ts";
import { createPostgresStore } from "../../packages/airflow-bridge/src/dag/store/postgres.ts";
import { createSqliteStore } from "../../packages/airflow-bridge/src/dag/store/sqlite.ts";
import type { DagStore } from "../../packages/airflow-bridge/src/dag/store/store.ts";
import { driverContext } from "../support/driver-context.ts";
import { freePort } from "../support/free-port.ts";
import { freshPostgresSchema, postgresRows } from "../support/postgres-client.ts";
import { temporaryDirectory } from "../support/private-process.ts";
import { postgresUrl } from "../support/servers.ts";
import { instance, run } from "./dag-store/world.ts";
import { describeDagStore } from "./dag-store-suite.ts";

const context = { ...driverContext(), durability: "process", defaultPoolSlots: 128 } as const;

describeDagStore("memory", async () => ({ open: () => createSqliteStore(memoryStore, context), isShared: false, async close() {} }));

describeDagStore("SQLite", async () => {
  const folder = temporaryDirectory("dag-store");
  const path = join(folder.path, "dags.db");
  return { open: () => createSqliteStore(path, context), isShared: true, close: async () => folder.remove() };
});

let database: Promise<string> | null = null;
async function ownSchema(): Promise<string> {
  database ??= postgresUrl();
  return await freshPostgresSchema(await database);
}

describeDagStore("PostgreSQL", async () => {
  const url = await ownSchema();
  return { open: () => createPostgresStore(url, context), isShared: true, async close() {} };
});

function closing<S extends DagStore>(store: S): S {
  onTestFinished(() => store.close());
  return store;
}

function file(): string {
  const folder = temporaryDirectory("dag-store");
  onTestFinished(() => folder.remove());
  return join(folder.path, "dags.db");
}

const names = (store: DagStore) => store.read(async ({ dags }) => (await dags.all()).map(({ dagId }) => dagId));

describe("a DAG store's URL", () => {
  it("names a file or a database, and anything else is refused", async () => {
    const path = file();
    expect(closing(await openDagStore(`sqlite://${path}`, context)).label).toBe(path);
    expect(closing(await openDagStore("db+postgresql://me:s3cret@db:1/x", context)).label).toBe("db:1/x");
    expect(closing(await openDagStore(memoryStore, context)).label).toBe("in memory");
    await expect(openDagStore("redis://me:s3cret@x", context)).rejects.toMatchObject({
      code: "CONFIG_URL",
      message: expect.not.stringContaining("s3cret"),
    });
  });
});

describe("a DAG store's file", () => {
  it("is its owner's alone, with what SQLite puts beside it", async () => {
    const path = file();
    await names(closing(createSqliteStore(path, context)));
    for (const ending of ["", "-wal", "-shm"]) expect(statSync(path + ending).mode & 0o777).toBe(0o600);
  });

  it("is waited for while another process writes into it, and the thread goes on", async () => {
    const path = file();
    const store = closing(createSqliteStore(path, context));
    await names(store);
    const other = new Database(path);
    other.exec("begin immediate");
    let written = false;
    const writing = store.write(({ variables }) => variables.put("a", "1")).then(() => (written = true));
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBe(false);
    other.exec("commit");
    other.close();
    await writing;
  });

  it("is refused when it is of a newer version, damaged, or cannot be opened", async () => {
    const newer = file();
    await names(closing(createSqliteStore(newer, context)));
    const other = new Database(newer);
    other.exec("update celeriac_dag_schema set version = 99");
    other.close();
    await expect(names(closing(createSqliteStore(newer, context)))).rejects.toMatchObject({
      code: "DAG_STORE_VERSION",
      message: expect.stringContaining("layout 99"),
    });
    const damaged = file();
    writeFileSync(damaged, "this is no database ".repeat(1_000));
    await expect(names(closing(createSqliteStore(damaged, context)))).rejects.toMatchObject({ code: "DAG_STORE_CORRUPT" });
    const nowhere = createSqliteStore("/nowhere/dags.db", context);
    await expect(names(closing(nowhere))).rejects.toMatchObject({ code: "DAG_STORE_UNREACHABLE" });
  });

  it("answers the scheduler's questions out of what has not ended", async () => {
    const path = file();
    const store = closing(createSqliteStore(path, context));
    await names(store);
    const explain = new Database(path);
    const asked: string[] = [];
    const original = Database.prototype.prepare;
    Database.prototype.prepare = function (this: typeof explain, sql: string) {
      asked.push(sql);
      return original.call(this, sql);
    } as typeof original;
    try {
      await store.write(async ({ dags, runs, instances }) => {
        await dags.takeDue(1, 1, []);
        await runs.takeReady(1, 1, []);
        await runs.takeQueued("etl", null, 1);
        await runs.countActive();
        await runs.list({ dagId: "etl", states: ["queued", "running"], limit: 1 });
        await instances.takeScheduled(1, [], { pools: [], runs: [] });
        await instances.usedSlots();
        await instances.activeByRun();
        await instances.inStates(["running", "queued"], { heartbeatBefore: 1 });
        await instances.inStates(["deferred"], { nextBefore: 1 });
        await instances.inStates(["scheduled"]);
      });
    } finally {
      Database.prototype.prepare = original;
    }
    const plans = asked.map((sql) => {
      const parameters = Array.from(sql.matchAll(/\?/g), () => null);
      const rows = explain.prepare(`explain query plan ${sql}`).raw(true).all(parameters) as readonly (readonly unknown[])[];
      return rows.map((row) => String(row[3])).find((step) => /celeriac|[SC][A-Z]+ [rid] /.test(step));
    });
    explain.close();
    expect(plans).toHaveLength(11);
    for (const plan of plans) expect(plan).toMatch(/INDEX celeriac_dag(_due|_run_look|_run_active|_instance_scheduled|_instance_open)\b/);
  });
});

describe("a DAG store in PostgreSQL", () => {
  it("leaves out what another has taken, and lets pools be taken by one at a time", async () => {
    const url = await ownSchema();
    const [one, other] = [closing(createPostgresStore(url, context)), closing(createPostgresStore(url, context))];
    const [first, second] = [run("etl", 1), run("etl", 2)];
    await one.write(async ({ dags, runs, instances }) => {
      await dags.putAll([{ dagId: "etl", maxActiveRuns: 1, shape: "", seenAt: 0 }]);
      for (const each of [first, second]) {
        await runs.add(each);
        await instances.addAll([instance(each, "a")]);
      }
    });
    const take = (store: DagStore, limit: number, meanwhile: () => Promise<void> = async () => {}) =>
      store.write(async ({ dags, runs, instances }) => {
        const dag = await dags.take("etl");
        const ready = await runs.takeReady(1, limit, ["etl"]);
        const scheduled = await instances.takeScheduled(limit, ["etl"], { pools: [], runs: [] });
        await meanwhile();
        return [dag?.dagId ?? null, ready.map(({ runId }) => runId), scheduled.map(({ runId }) => runId)];
      });
    const mine = await take(one, 1, async () => {
      expect(await take(other, 9)).toEqual([null, [second.runId], [second.runId]]);
      expect(await other.write(({ runs }) => runs.take(first))).toBeNull();
    });
    expect(mine).toEqual(["etl", [first.runId], [first.runId]]);
    expect(await take(other, 9)).toEqual(["etl", [first.runId, second.runId], [first.runId, second.runId]]);
  });

  it("runs a transaction once more that was undone because two waited for each other", async () => {
    const url = await ownSchema();
    const store = closing(createPostgresStore(`${url}${encodeURIComponent(" -c deadlock_timeout=20ms")}`, context));
    await store.write(async ({ variables }) => {
      for (const each of ["a", "b"]) await variables.put(each, "");
    });
    let met = () => {};
    const meeting = new Promise<void>((resolve) => {
      met = resolve;
    });
    let here = 0;
    let bodies = 0;
    const both = (first: string, second: string) =>
      store.write(async ({ variables }) => {
        bodies += 1;
        await variables.put(first, first + second);
        here += 1;
        if (here === 2) met();
        await meeting;
        await variables.put(second, first + second);
      });
    await Promise.all([both("a", "b"), both("b", "a")]);
    expect(bodies).toBe(3);
    const { a, b } = Object.fromEntries(await store.read(({ variables }) => variables.all()));
    expect(a).toBe(b);
  });

  it("is made once by many that find nothing there at the same time", async () => {
    const url = await ownSchema();
    const stores = Array.from({ length: 8 }, () => closing(createPostgresStore(url, context)));
    expect(await Promise.all(stores.map(names))).toEqual(stores.map(() => []));
    expect(await postgresRows(url, "select version from celeriac_dag_schema")).toHaveLength(1);
  });

  it("tells of tables of a newer version, and of a server that does not answer", async () => {
    const url = await ownSchema();
    await names(closing(createPostgresStore(url, context)));
    await postgresRows(url, "update celeriac_dag_schema set version = 99");
    await expect(names(closing(createPostgresStore(url, context)))).rejects.toMatchObject({ code: "DAG_STORE_VERSION" });
    const nobody = closing(createPostgresStore(`db+postgresql://me:s3cret@127.0.0.1:${await freePort()}/x`, context));
    await expect(names(nobody)).rejects.toMatchObject({
      code: "DAG_STORE_UNREACHABLE",
      message: expect.not.stringContaining("s3cret"),
      cause: expect.any(Error),
    });
    const wrong = closing(createPostgresStore(url.replace(/:[^:@/]+@/, ":wrong@"), context));
    await expect(names(wrong)).rejects.toMatchObject({ code: "DAG_STORE_AUTH" });
  });
});
