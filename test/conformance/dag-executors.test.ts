import { hostname } from "node:os";
import { createWorker } from "@celeriac/worker";
import { expect, test, vi } from "vitest";
import { dagSettings } from "../../packages/airflow-bridge/src/dag/config.ts";
import type { ExecutorEvent } from "../../packages/airflow-bridge/src/dag/executor.ts";
import { createCeleryExecutor } from "../../packages/airflow-bridge/src/dag/executors/celery.ts";
import { createLocalExecutor } from "../../packages/airflow-bridge/src/dag/executors/local.ts";
import { createSequentialExecutor } from "../../packages/airflow-bridge/src/dag/executors/sequential.ts";
import { openDagStore } from "../../packages/airflow-bridge/src/dag/open-store.ts";
import { dagsOf } from "../../packages/airflow-bridge/src/dag/registry.ts";
import { runnerParts } from "../../packages/airflow-bridge/src/dag/runner-parts.ts";
import { type Logger, runtimeOf, silentLogger, systemClock } from "../../packages/core/src/runtime.ts";
import { app } from "../programs/dag/etl.ts";
import { programUrl } from "../support/built.ts";
import { openStage } from "../support/dag/stage.ts";
import { postgresUrl } from "../support/servers.ts";
import { createSqliteFile } from "../support/sqlite-file.ts";
import { executorSuite } from "./dag-executor-suite.ts";

const settings = dagSettings({ taskInstanceHeartbeatSec: "50ms" });
const dag = dagsOf(app).get("etl")!;
const runtime = runtimeOf(app)!;
const common = { clock: systemClock, logger: silentLogger };

async function openStore(url: string) {
  return await openDagStore(url, { ...common, credentials: null, durability: "process", defaultPoolSlots: 128 });
}

async function sqlite() {
  const file = await createSqliteFile();
  const store = await openStore(file.url);
  return { url: file.url, store, close: () => store.close().then(() => file.remove()) };
}

async function postgres() {
  const url = await postgresUrl();
  const store = await openStore(url);
  return { store, close: () => store.close() };
}

function local(storeUrl: string, logger: Logger = silentLogger) {
  const source = { moduleUrl: programUrl("dag/etl").href, appName: null };
  const start = { source, storeUrl, settings, hostname: hostname() };
  return createLocalExecutor({ start, parallelism: 2, killAfterMs: 300, clock: systemClock, logger });
}

executorSuite("sequential, on PostgreSQL", { givesBack: true }, async () => {
  const { store, close } = await postgres();
  const parts = runnerParts(
    { runtime, findDag: (id) => dagsOf(app).get(id) },
    { store, settings, hostname: hostname(), ...common, handBack: "up_for_reschedule" },
  );
  return { store, dag, create: () => createSequentialExecutor(parts), close };
});

executorSuite("local", { givesBack: true }, async () => {
  const { url, store, close } = await sqlite();
  return { store, dag, create: () => local(url), close };
});

executorSuite("celery", { givesBack: false }, async () => {
  const { url, store, close } = await sqlite();
  vi.stubEnv("CELERIAC_DAG_STORE_URL", url);
  vi.stubEnv("CELERIAC_DAG_TASK_INSTANCE_HEARTBEAT_SEC", "50ms");
  const worker = createWorker(app, { pool: "inline", concurrency: 4, withoutMingle: true }, { logger: silentLogger });
  await worker.start();
  const create = () => createCeleryExecutor({ app, store, parallelism: 4, pollMs: 20, findDag: (id) => dagsOf(app).get(id), ...common });
  return {
    ...{ store, dag, create },
    async close() {
      await worker.stop();
      await app.close();
      await close();
    },
  };
});

test("local: a child that is killed loses its instance, one that never looks up is killed, and each makes room for another", async () => {
  const { url, store, close } = await sqlite();
  const said: unknown[] = [];
  const logger: Logger = { ...silentLogger, info: (message, fields) => void said.push([message, fields]) };
  const executor = local(url, logger);
  try {
    const stage = await openStage({}, { store, dag });
    const [dies, spins, number] = [await stage.queue("dies"), await stage.queue("spins"), await stage.queue("number")];
    await executor.queue([dies, spins, number]);
    await expect.poll(async () => (await stage.row("number")).state).toBe("success");
    expect(said).toContainEqual(["gives a number", expect.objectContaining({ taskId: "number", password: "********" })]);
    const events: ExecutorEvent[] = [];
    await expect.poll(async () => events.push(...(await executor.sync()))).toBe(2);
    expect(events.toSorted((left, right) => (left.kind < right.kind ? 1 : -1))).toEqual([
      { instance: dies, kind: "lost", reason: "its process ended with signal SIGKILL" },
      {
        instance: spins,
        kind: "failed",
        reason: expect.stringMatching(/^it ran for longer than its execution timeout \(100 ms\), and did not heed/),
      },
    ]);
  } finally {
    await executor.end(0);
    await close();
  }
});
