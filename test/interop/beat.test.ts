/** Our beat with a Python worker, and Python's beat with ours; on Redis and RabbitMQ. */
import { join } from "node:path";
import { createBeat } from "@celeriac/beat";
import { chain, createApp, every } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { createWorker } from "@celeriac/worker";
import { expect } from "vitest";
import { beside, inTurn as it } from "../support/beside.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/private-process.ts";
import { startPythonBeat, startPythonWorker } from "../support/python-celery.ts";
import { amqpUrl, postgresUrl, redisUrl } from "../support/servers.ts";

const brokers = [
  {
    name: "Redis",
    async open() {
      const broker = await redisUrl();
      return { broker, backend: broker, config: {} };
    },
  },
  {
    name: "RabbitMQ, with its schedules on PostgreSQL",
    async open() {
      return { broker: await amqpUrl(), backend: "rpc://", config: { coordinator: await postgresUrl() } };
    },
  },
];

beside.each(brokers)("$name", ({ open }) => {
  it("our beat drives a Python worker, which is told the due time", async ({ onTestFinished }) => {
    const { config, ...place } = await open();
    const python = await startPythonWorker({ ...place, queue: "periodic" });
    onTestFinished(() => python.stop());
    const app = createApp("interop", { ...place, config });
    onTestFinished(() => app.close());
    const echo = app.declare<(...values: unknown[]) => { args: unknown[]; kwargs: object }>("py.echo");
    app.schedule("echo", every("200ms"), echo.s(1, "ø").set({ kwargs: { k: [] } }), { queue: "periodic", expires: "1m", maxRuns: 2 });
    const after = app.declare<(before: object, value: number) => { args: unknown[]; kwargs: object }>("py.echo");
    app.schedule("steps", every("200ms"), chain(echo.si(1), after.s(2)), { queue: "periodic", maxRuns: 1 });
    const beat = createBeat(app);
    onTestFinished(() => beat.stop());
    await beat.start();
    await eventually(() => beat.stats().sent === 3);
    const store = await runtimeOf(app)!.scheduleStore();
    const last = async (name: string) => (await store.read(0)).entries.find(({ definition }) => definition.name === name);
    await eventually(async () => (await last("echo"))?.runs === 2 && (await last("steps"))?.runs === 1);
    expect(await app.result(String((await last("echo"))?.lastTaskId)).get()).toEqual({ args: [1, "ø"], kwargs: { k: [] } });
    const first = { args: [1], kwargs: {} };
    expect(await app.result(String((await last("steps"))?.lastTaskId)).get()).toEqual({ args: [first, 2], kwargs: {} });
  });

  it("Python's beat drives our worker", async ({ onTestFinished }) => {
    const { config, ...place } = await open();
    const app = createApp("interop", { ...place, config });
    const ran: unknown[] = [];
    app.task("ts.periodic", { queue: "ours", params: ["x", "y"] }, (x: number, y: object) => void ran.push([x, y]));
    const worker = createWorker(app, { pool: "inline", queues: ["ours"] });
    onTestFinished(async () => {
      await worker.stop();
      await app.close();
    });
    await worker.start();
    const folder = temporaryDirectory("python-beat");
    const schedule = { often: { task: "ts.periodic", schedule: 0.2, args: [7], kwargs: { y: { z: null } }, options: { queue: "ours" } } };
    const beat = await startPythonBeat(place, schedule, join(folder.path, "schedule"));
    onTestFinished(async () => {
      await beat.stop();
      folder.remove();
    });
    await eventually(() => ran.length >= 2, { withinMs: 30_000 });
    expect(ran[0]).toEqual([7, { z: null }]);
  });
});
