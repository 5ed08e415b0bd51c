/** Our beat with a Python worker, and Python's beat with ours; on Redis and RabbitMQ. */
import { join } from "node:path";
import { createBeat } from "@celeriac/beat";
import { createApp, every } from "@celeriac/core";
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
    const beat = createBeat(app);
    onTestFinished(() => beat.stop());
    await beat.start();
    await eventually(() => beat.stats().sent === 2);
    const store = await runtimeOf(app)!.scheduleStore();
    await eventually(async () => (await store.read(0)).entries[0]?.runs === 2);
    const [entry] = (await store.read(0)).entries;
    expect(await app.result(String(entry?.lastTaskId)).get()).toEqual({ args: [1, "ø"], kwargs: { k: [] } });
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
