/** A DAG on the celery executor whose tasks run half on a worker of ours, half on a Python one: on Redis and RabbitMQ. */
import { dag } from "@celeriac/airflow-bridge/dag";
import { createApp } from "@celeriac/core";
import { createWorker } from "@celeriac/worker";
import { expect, onTestFinished, test, vi } from "vitest";
import { createCeleryExecutor } from "../../packages/airflow-bridge/src/dag/executors/celery.ts";
import { dagsOf } from "../../packages/airflow-bridge/src/dag/registry.ts";
import { openDagStore } from "../../packages/airflow-bridge/src/dag/store/open-store.ts";
import { silentLogger, systemClock } from "../../packages/core/src/runtime.ts";
import { hearEvents } from "../support/dag/hear-events.ts";
import { openStage } from "../support/dag/stage.ts";
import { startPythonWorker } from "../support/python-celery.ts";
import { amqpUrl, redisUrl } from "../support/servers.ts";
import { createSqliteFile } from "../support/sqlite-file.ts";

test.each(["redis", "rabbitmq"])("%s: tasks of a DAG run on both kinds of worker, and give each other what they made", async (name) => {
  const backend = await redisUrl();
  const broker = name === "redis" ? backend : await amqpUrl();
  const python = await startPythonWorker({ broker, backend, queue: "dag-python" });
  onTestFinished(() => python.stop());
  const app = createApp("mixed", { broker, backend, config: { taskDefaultQueue: "dag-ours", taskTrackStarted: true } });
  const add = app.declare<(left: number, right: number) => number>("py.add", { queue: "dag-python" });
  dag(app, "mixed", { schedule: null }, (d) => {
    const two = d.task("two", async () => 2)();
    const sum = d.task(add, { id: "sum" })(two, 40);
    const twice = d.task("twice", async (_run, n: number) => 2 * n)(sum);
    d.task(add, { id: "last" })(sum, twice);
    d.task(add, { id: "wrong" })(sum, d.task("text", async () => "no number" as unknown as number)());
  });

  const file = await createSqliteFile();
  const common = { clock: systemClock, logger: silentLogger };
  const store = await openDagStore(file.url, { ...common, credentials: null, durability: "process", defaultPoolSlots: 128 });
  vi.stubEnv("CELERIAC_DAG_STORE_URL", file.url);
  onTestFinished(() => void vi.unstubAllEnvs());
  const worker = createWorker(app, { pool: "inline", withoutMingle: true }, { logger: silentLogger });
  await worker.start();
  const model = dagsOf(app).get("mixed")!;
  const executor = createCeleryExecutor({ app, store, parallelism: 4, pollMs: 20, findDag: () => model, ...common });
  await executor.start();
  onTestFinished(async () => {
    await executor.end(0);
    await worker.stop();
    await app.close();
    await store.close();
    await file.remove();
  });

  const stage = await openStage({}, { store, dag: model });
  for (const ids of [["two", "text"], ["sum"], ["twice", "wrong"], ["last"]]) {
    await executor.queue(await Promise.all(ids.map((id) => stage.queue(id))));
    for (const id of ids)
      await expect
        .poll(async () => {
          await hearEvents(executor, { store, dag: model });
          return (await stage.row(id)).state;
        })
        .toMatch(/success|failed/);
  }
  const ends = await Promise.all(
    ["two", "sum", "twice", "last", "wrong"].map(async (id) => [(await stage.row(id)).state, await stage.xcom(id)]),
  );
  expect(ends).toEqual([
    ["success", 2],
    ["success", 42],
    ["success", 84],
    ["success", 126],
    ["failed", undefined],
  ]);
  expect((await stage.row("wrong")).reason).toMatch(/^TypeError: /);
  expect((await stage.row("sum")).hostname).toBe(python.nodeName);
  expect((await stage.row("two")).hostname).not.toBe(python.nodeName);
});
