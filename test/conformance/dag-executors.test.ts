import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { dag as dagOf } from "@celeriac/airflow-bridge/dag";
import { createApp } from "@celeriac/core";
import { createWorker } from "@celeriac/worker";
import { expect, test, vi } from "vitest";
import { clearInstances } from "../../packages/airflow-bridge/src/dag/acts/clear.ts";
import { markInstances } from "../../packages/airflow-bridge/src/dag/acts/mark.ts";
import type { ChildStart } from "../../packages/airflow-bridge/src/dag/child/messages.ts";
import { dagSettings } from "../../packages/airflow-bridge/src/dag/config.ts";
import { createCeleryExecutor } from "../../packages/airflow-bridge/src/dag/executors/celery.ts";
import type { ExecutorEvent } from "../../packages/airflow-bridge/src/dag/executors/executor.ts";
import { createLocalExecutor } from "../../packages/airflow-bridge/src/dag/executors/local.ts";
import { createSequentialExecutor } from "../../packages/airflow-bridge/src/dag/executors/sequential.ts";
import { createOpenHooks } from "../../packages/airflow-bridge/src/dag/hooks/open-hooks.ts";
import { dagsOf } from "../../packages/airflow-bridge/src/dag/registry.ts";
import { runnerParts } from "../../packages/airflow-bridge/src/dag/runner/runner-parts.ts";
import { openDagStore } from "../../packages/airflow-bridge/src/dag/store/open-store.ts";
import { createTriggererProcess } from "../../packages/airflow-bridge/src/dag/triggerer/triggerer-process.ts";
import { type Logger, runtimeOf, silentLogger, systemClock } from "../../packages/core/src/runtime.ts";
import { app } from "../programs/dag/etl.ts";
import { programPath, programUrl } from "../support/built.ts";
import { hearEvents } from "../support/dag/hear-events.ts";
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

function childStart(storeUrl: string): ChildStart {
  return { source: { moduleUrl: programUrl("dag/etl").href, appName: null }, storeUrl, settings, hostname: hostname() };
}

function local(storeUrl: string, logger: Logger = silentLogger) {
  return createLocalExecutor({ start: childStart(storeUrl), parallelism: 2, killAfterMs: 300, clock: systemClock, logger });
}

executorSuite("sequential, on PostgreSQL", { givesBack: true }, async () => {
  const { store, close } = await postgres();
  const parts = runnerParts(
    { app, runtime },
    { store, hooks: createOpenHooks(common), settings, hostname: hostname(), ...common, handBack: "up_for_reschedule" },
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

test("celery: a worker that stops hands its instance back, and another one goes on with the same try", async () => {
  const { url, store, close } = await sqlite();
  vi.stubEnv("CELERIAC_DAG_STORE_URL", url);
  const own = createApp("etl", { broker: "memory://dag-hand-back" });
  dagOf(own, "etl", { schedule: null }, (d) => {
    d.task("heeds", async ({ signal }) => {
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      throw signal.reason;
    })();
  });
  const model = dagsOf(own).get("etl")!;
  const workerOf = (name: string) =>
    createWorker(own, { pool: "inline", hostname: name, grace: "0s", withoutMingle: true }, { logger: silentLogger });
  const executor = createCeleryExecutor({ app: own, store, parallelism: 4, pollMs: 20, findDag: () => model, ...common });
  await executor.start();
  const stage = await openStage({}, { store, dag: model });
  const instance = await stage.queue("heeds");
  await executor.queue([instance]);
  const { externalId } = instance;
  for (const name of ["first@here", "second@here"]) {
    const worker = workerOf(name);
    await worker.start();
    await expect.poll(() => stage.row("heeds")).toMatchObject({ state: "running", hostname: name, tryNumber: 1, externalId });
    await worker.stop();
    expect(await stage.row("heeds")).toMatchObject({ state: "queued", tryNumber: 1, externalId, endedAt: null });
  }
  await executor.end(0);
  await own.close();
  await close();
});

test("celery: a task of the app that was cleared or marked is taken back from its worker, or never begins there", async () => {
  const { store, close } = await sqlite();
  const own = createApp("etl", { broker: "memory://dag-cleared", config: { taskTrackStarted: true } });
  const begun: string[] = [];
  const waits = own.bound("own.waits", async (self, name: string) => {
    begun.push(name);
    await new Promise((_resolve, reject) => self.signal.addEventListener("abort", () => reject(self.signal.reason)));
  });
  dagOf(own, "etl", { schedule: null }, (d) => {
    for (const id of ["runs", "queued", "marked"]) d.task(waits, { id })(id);
  });
  const model = dagsOf(own).get("etl")!;
  const worker = createWorker(own, { pool: "inline", concurrency: 1, withoutMingle: true }, { logger: silentLogger });
  await worker.start();
  const executor = createCeleryExecutor({ app: own, store, parallelism: 4, pollMs: 20, findDag: () => model, ...common });
  await executor.start();
  const stage = await openStage({}, { store, dag: model });
  const sent = [];
  for (const id of ["runs", "queued", "marked"]) sent.push(await stage.queue(id));
  await executor.queue(sent);
  const stateOf = async (id: string) => {
    await hearEvents(executor, { store, dag: model });
    return (await stage.row(id)).state;
  };
  await expect.poll(() => stateOf("runs")).toBe("running");
  const { dagId, runId } = stage.place("runs");
  await clearInstances(store, model, { dagId, runId, taskIds: ["runs", "queued"] }, 1);
  await markInstances(store, model, { dagId, runId, taskIds: ["marked"], state: "success" }, 1);
  expect([await stateOf("runs"), await stateOf("queued")]).toEqual(["restarting", "none"]);
  await expect.poll(() => stateOf("runs")).toBe("none");
  for (const { externalId } of sent) await expect.poll(() => own.result(externalId).state()).toBe("REVOKED");
  expect([begun, await stateOf("marked"), executor.slots]).toEqual([["runs"], "success", 4]);
  await executor.end(0);
  await worker.stop();
  await own.close();
  await close();
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

test("local: a child outlives the scheduler that was killed until its instance has ended, and then ends", async () => {
  const { url, store, close } = await sqlite();
  const stage = await openStage({}, { store, dag });
  const instance = await stage.queue("outlives");
  const args = [programPath("dag/local-parent"), JSON.stringify(childStart(url)), JSON.stringify(instance)];
  const parent = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await expect.poll(async () => (await stage.row("outlives")).state).toBe("running");
  parent.kill("SIGKILL");
  await once(parent, "exit");
  await expect.poll(async () => (await stage.row("outlives")).state).toBe("success");
  const child = (await stage.xcom("outlives")) as number;
  await expect.poll(() => isAlive(child)).toBe(false);
  await close();
});

test("the triggerer's process looks at deferred waits, and another one goes on when it is killed", async () => {
  const { url, store, close } = await sqlite();
  const triggerer = createTriggererProcess({ start: childStart(url), ...common });
  await triggerer.start();
  try {
    const stage = await openStage({}, { store, dag });
    const waits = async (taskId: string) => {
      await stage.queue(taskId, { state: "deferred", firstStartedAt: 0, nextAt: 0 });
      await expect.poll(async () => (await stage.row(taskId)).state).toBe("success");
      return (await stage.xcom(taskId)) as number;
    };
    const first = await waits("first");
    process.kill(first, "SIGKILL");
    const second = await waits("second");
    expect(second).not.toBe(first);
    await triggerer.stop();
    expect(isAlive(second)).toBe(false);
  } finally {
    await triggerer.stop();
    await close();
  }
});

test("the triggerer's process says why it cannot start", async () => {
  const source = { moduleUrl: programUrl("dag/nowhere").href, appName: null };
  const triggerer = createTriggererProcess({ start: { ...childStart("sqlite:///nowhere/at/all.db"), source }, ...common });
  await expect(triggerer.start()).rejects.toMatchObject({ code: "DAG_TRIGGERER", message: expect.stringContaining("nowhere.js") });
  await triggerer.stop();
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
