/** Hooks against what they open, and in the processes that run tasks. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type DagBuilder, dag as dagOf, type Handle, hook, type Trial } from "@celeriac/airflow-bridge/dag";
import { createApp } from "@celeriac/core";
import { createWorker } from "@celeriac/worker";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { dagSettings } from "../../packages/airflow-bridge/src/dag/config.ts";
import { createCeleryExecutor } from "../../packages/airflow-bridge/src/dag/executors/celery.ts";
import type { Executor } from "../../packages/airflow-bridge/src/dag/executors/executor.ts";
import { createLocalExecutor } from "../../packages/airflow-bridge/src/dag/executors/local.ts";
import { dagsOf } from "../../packages/airflow-bridge/src/dag/registry.ts";
import { openDagStore } from "../../packages/airflow-bridge/src/dag/store/open-store.ts";
import type { DagStore } from "../../packages/airflow-bridge/src/dag/store/store.ts";
import { silentLogger, systemClock } from "../../packages/core/src/runtime.ts";
import { app } from "../programs/dag/etl.ts";
import { programUrl } from "../support/built.ts";
import { openStage } from "../support/dag/stage.ts";
import { freshPostgresSchema } from "../support/postgres-client.ts";
import { temporaryDirectory } from "../support/private-process.ts";
import { postgresUrl } from "../support/servers.ts";

afterEach(() => vi.unstubAllEnvs());

test("PostgreSQL is one pool for all tasks, with the values and rows of pg", async () => {
  vi.stubEnv("AIRFLOW_CONN_DB", (await postgresUrl()).replace(/^db\+/, ""));
  const here = createApp("shop", { broker: "memory://" });
  const pools = new Set<unknown>();
  const etl = dagOf(here, "etl", {}, (d) => {
    const ask = d.task("ask", async () => {
      const db = await hook("postgres", "db");
      pools.add(db);
      return (
        await db.query<{ n: number; at: Date; tag: string }>("select $1::int as n, $2::date as at, $3 as tag", [7, "2026-03-01", "a"])
      ).rows;
    });
    const once = ask();
    const again = d.task("again", async (_run, rows: readonly object[]) => {
      const db = await hook("postgres", "db");
      pools.add(db);
      const client = await db.connect();
      try {
        await client.query("begin; create temporary table t (n int) on commit drop");
        const { rowCount } = await client.query("insert into t values ($1), ($2)", [rows.length, null]);
        await client.query("rollback");
        return rowCount;
      } finally {
        client.release();
      }
    })(once);
    d.task("wrong", async () => void (await (await hook("postgres", "db")).query("select from nowhere")))();
    return void again;
  });
  const { instances } = await etl.test();
  expect(instances.map(({ taskId, state, reason }) => [taskId, state, reason])).toEqual([
    ["ask", "success", null],
    ["wrong", "failed", 'relation "nowhere" does not exist'],
    ["again", "success", null],
  ]);
  expect(pools.size).toBe(1);
});

describe("d.sql on PostgreSQL", () => {
  async function drawn(build: (d: DagBuilder) => void): Promise<Trial> {
    vi.stubEnv("AIRFLOW_CONN_DB", (await freshPostgresSchema(await postgresUrl())).replace(/^db\+/, ""));
    return await dagOf(createApp("shop", { broker: "memory://" }), "etl", {}, build).test({ logicalDate: new Date(0) });
  }
  const reasons = ({ instances }: Trial) => instances.map(({ reason }) => reason);

  test("runs its statements in one transaction, and gives the rows of the last one", async () => {
    let counted: Handle<{ n: number }[]> | undefined;
    let inserted: Handle<{ id: number; at: string }[]> | undefined;
    const trial = await drawn((d) => {
      const made = d.sql("make", "db", "create table orders (id int not null, at timestamptz, more jsonb)");
      inserted = d.sql<{ id: number; at: string }>(
        "insert",
        "db",
        "delete from orders where at = $2; insert into orders values ($1, $2, $3), ($1 + 1, null, null); select id, at, more ? 'a' as has from orders order by id",
        {
          params: [
            d
              .task("id", () => 7)()
              .after(made),
            d.run("logicalDate"),
            { a: 1 },
          ],
        },
      );
      const failed = d.sql("fail", "db", "delete from orders; insert into orders values (null)").after(inserted);
      counted = d.sql<{ n: number }>("count", "db", "select count(*)::int as n from orders", { triggerRule: "all_done" }).after(failed);
    });
    expect(reasons(trial)).toEqual([null, null, null, expect.stringContaining("not-null"), null]);
    expect(trial.value(inserted!)).toEqual([
      { id: 7, at: "1970-01-01T00:00:00.000Z", has: true },
      { id: 8, at: null, has: null },
    ]);
    expect(trial.value(counted!)).toEqual([{ n: 2 }]);
  });

  test("is cancelled there when its time is over, and its connection is of use again", async () => {
    const trial = await drawn((d) => {
      const slow = d.sql("slow", "db", "create table t (n int); select pg_sleep(60)", { executionTimeout: "300ms" });
      d.sql("after", "db", "create table t (n int)", { triggerRule: "all_done" }).after(slow);
    });
    expect(reasons(trial)).toEqual(["it ran for longer than its execution timeout (300 ms)", null]);
  });
});

const common = { clock: systemClock, logger: silentLogger };

/** Two instances, one after the other, and what their hook says of its one connection. */
async function marked(
  execute: (storeUrl: string, store: DagStore) => Promise<{ executor: Executor; end(): Promise<void> }>,
): Promise<void> {
  const folder = temporaryDirectory("dag-hooks");
  onTestFinished(() => folder.remove());
  const path = join(folder.path, "mark");
  vi.stubEnv("AIRFLOW_CONN_MARK", JSON.stringify({ conn_type: "mark", host: path }));
  const url = `sqlite://${join(folder.path, "dags.db")}`;
  const store = await openDagStore(url, { ...common, credentials: null, durability: "process", defaultPoolSlots: 128 });
  const { executor, end } = await execute(url, store);
  for (const _ of [1, 2]) {
    const stage = await openStage({}, { store, dag: dagsOf(app).get("etl")! });
    await executor.queue([await stage.queue("marks")]);
    await expect.poll(async () => (await stage.row("marks")).state).toBe("success");
  }
  await end();
  await store.close();
  await expect.poll(() => readFileSync(path, "utf8")).toBe("opened\nclosed\n");
}

test("local: a child opens a connection once for all that it runs, and closes it when it ends", async () => {
  await marked(async (storeUrl) => {
    const settings = dagSettings({ taskInstanceHeartbeatSec: "50ms" });
    const start = { source: { moduleUrl: programUrl("dag/etl").href, appName: null }, storeUrl, settings, hostname: hostname() };
    const executor = createLocalExecutor({ start, parallelism: 1, killAfterMs: 300, ...common });
    await executor.start();
    return { executor, end: () => executor.end(0) };
  });
});

test("celery: so does a worker", async () => {
  await marked(async (storeUrl, store) => {
    vi.stubEnv("CELERIAC_DAG_STORE_URL", storeUrl);
    const worker = createWorker(app, { pool: "inline", withoutMingle: true }, { logger: silentLogger });
    await worker.start();
    const executor = createCeleryExecutor({ app, store, parallelism: 1, pollMs: 20, findDag: (id) => dagsOf(app).get(id), ...common });
    await executor.start();
    return {
      executor,
      async end() {
        await executor.end(0);
        await worker.stop();
        await app.close();
      },
    };
  });
});
