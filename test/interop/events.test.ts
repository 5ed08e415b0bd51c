/** Events between Python's workers and monitors and ours, on Redis and RabbitMQ. */
import { randomUUID } from "node:crypto";
import { type App, createApp } from "@celeriac/core";
import { type ReceivedEvent, receiveEvents, runtimeOf, silentLogger } from "@celeriac/core/runtime";
import { afterAll, beforeAll, expect } from "vitest";
import { beside, inTurn as it } from "../support/beside.ts";
import { eventually } from "../support/eventually.ts";
import { startInteropWorker } from "../support/interop/worker.ts";
import type { PrivateProcess } from "../support/private-process.ts";
import { type PythonPlace, startPythonMonitor, startPythonWorker } from "../support/python-celery.ts";
import { amqpUrl, redisUrl } from "../support/servers.ts";

const brokers = [
  { name: "redis", open: redisUrl },
  { name: "rabbitmq", open: amqpUrl },
];

beside.each(brokers)("$name", ({ open }) => {
  const place: { broker: string; backend: string; queue: string } = { broker: "", backend: "disabled", queue: "to-python" };
  let app: App;
  beforeAll(async () => {
    place.broker = await open();
    app = createApp("monitor", { broker: place.broker, backend: place.backend, config: { taskSendSentEvent: true } });
  });
  afterAll(() => app?.close());

  it("ours hears a Python worker, and what we send to it", async () => {
    const runtime = runtimeOf(app)!;
    const { broker } = await runtime.links();
    await app.connect();
    const heard: ReceivedEvent[] = [];
    const { settings, lamport } = runtime;
    const subscription = await receiveEvents({
      broker,
      settings,
      lamport,
      logger: silentLogger,
      received: (event) => void heard.push(event),
    });
    const python: PythonPlace = { broker: place.broker, queue: place.queue };
    const worker = await startPythonWorker({ ...python, options: ["--task-events"] });
    try {
      const { id } = await app.sendTask("py.add", [2, 3], { queue: place.queue });
      const of = (type: string) => heard.find((event) => event.type === type && event["uuid"] === id);
      await eventually(() => of("task-succeeded") !== undefined && of("task-sent") !== undefined);
      expect(of("task-sent")).toMatchObject({ name: "py.add", args: "(2, 3)", queue: place.queue, retries: 0 });
      expect(of("task-received")).toMatchObject({ hostname: worker.nodeName, name: "py.add", args: "(2, 3)", root_id: id });
      expect(of("task-started")).toMatchObject({ hostname: worker.nodeName });
      expect(of("task-succeeded")).toMatchObject({ hostname: worker.nodeName, result: "5", runtime: expect.any(Number) });
      await worker.stop();
      const types = () => new Set(heard.filter(({ hostname }) => hostname === worker.nodeName).map(({ type }) => type));
      await eventually(() => types().has("worker-offline"));
      expect(types()).toContain("worker-online");
      expect(lamport.value).toBeGreaterThan(Math.max(...heard.map(({ clock }) => Number(clock))));
    } finally {
      await worker.stop();
      await subscription.close();
    }
  });

  it("Python's monitor hears our worker", async () => {
    const monitor: PrivateProcess = await startPythonMonitor({ broker: place.broker });
    const worker = await startInteropWorker({ ...place, queue: "to-ours", taskEvents: true });
    try {
      // It says that it begins some time before it hears: a heartbeat shows that it does.
      await monitor.wrote(/heartbeat/, 30_000);
      const ids = { good: randomUUID(), bad: randomUUID() };
      await app.sendTask("js.add", [2, 3], { queue: "to-ours", taskId: ids.good });
      await app.sendTask("js.fail", ["gone"], { queue: "to-ours", taskId: ids.bad });
      await monitor.wrote(new RegExp(`task failed: js\\.fail\\(${ids.bad}\\).*RangeError\\('gone'\\)`), 30_000);
      const told = ["sent: js\\.add", "received: js\\.add"].map((what) => new RegExp(`task ${what}\\(${ids.good}\\) args=\\(2, 3\\)`));
      const ran = [`started: js\\.add\\(${ids.good}\\)`, `succeeded: js\\.add\\(${ids.good}\\).*result=5`].map(
        (what) => new RegExp(`task ${what}`),
      );
      // Who sends and who runs tell on connections of their own, so one may be heard before the other.
      for (const line of [...told, ...ran]) await monitor.wrote(line, 30_000);
      await worker.stop();
      await monitor.wrote(/offline|shutdown/, 30_000);
    } finally {
      await worker.stop();
      await monitor.stop();
    }
  });
});
