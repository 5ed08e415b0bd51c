/** Our monitor on workers of Python, on Redis and RabbitMQ. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type App, createApp } from "../../packages/core/src/app.ts";
import { createMonitor, type Monitor } from "../../packages/flower/src/server/monitor.ts";
import { eventually } from "../support/eventually.ts";
import { type Asking, asking } from "../support/monitor/asking.ts";
import { type PythonWorker, startPythonWorker } from "../support/python-celery.ts";
import { amqpUrl, redisUrl } from "../support/servers.ts";

const brokers = [
  { name: "redis", open: async () => ({ broker: await redisUrl(), backend: "" }) },
  { name: "rabbitmq", open: async () => ({ broker: await amqpUrl(), backend: await redisUrl() }) },
];

describe.each(brokers)("on $name", ({ open }) => {
  const queue = "to-python";
  let app: App;
  let monitor: Monitor;
  let worker: PythonWorker;
  let ask: Asking;

  beforeAll(async () => {
    const { broker, backend } = await open();
    const place = { broker, backend: backend === "" ? broker : backend };
    app = createApp("watching", place);
    const options = { port: 0, address: "127.0.0.1", unauthenticatedApi: true, persistent: false, inspectTimeout: 1_000 };
    monitor = createMonitor(app, options);
    const starting = monitor.start();
    // It is not told to tell events: the monitor tells it.
    worker = await startPythonWorker({ ...place, queue });
    await starting;
    ask = asking(monitor.url!);
    await eventually(async () => (await ask.get("/api/workers?status=1")).json()[worker.nodeName] === true);
  });
  afterAll(async () => {
    await monitor?.stop();
    await worker?.stop();
    await app?.close();
  });

  it("sends it a task, and tells what became of it", async () => {
    const sent = await ask.post("/api/task/send-task/py.add", JSON.stringify({ args: [2, 3], queue }));
    const id = sent.json()["task-id"];
    expect((await ask.get(`/api/task/result/${id}?timeout=10`)).json()).toEqual({ "task-id": id, state: "SUCCESS", result: 5 });
    // Whether the worker was told to tell events before it took this one is a matter of luck; of the next ones it is none.
    const told = await eventually(async () => {
      const again = (await ask.post("/api/task/send-task/py.add", JSON.stringify({ args: [2, 3], queue }))).json()["task-id"];
      await ask.get(`/api/task/result/${again}?timeout=10`);
      const task = await ask.get(`/api/task/info/${again}`);
      return task.status === 200 && task.json()["state"] === "SUCCESS" ? task.json() : (false as never);
    });
    expect(told).toMatchObject({ name: "py.add", args: expect.stringMatching(/^[[(]2, 3[\])]$/), result: "5", worker: worker.nodeName });
    const { text } = await ask.get("/metrics");
    expect(text).toMatch(
      new RegExp(`^flower_events_total\\{task="py\\.add",type="task-succeeded",worker="${worker.nodeName}"\\} \\d`, "m"),
    );
  });

  it("asks it, and changes it", async () => {
    const path = encodeURIComponent(worker.nodeName);
    const inspected = (await ask.get(`/api/workers?refresh=1&workername=${path}`)).json<Record<string, Record<string, unknown>>>();
    expect(inspected[worker.nodeName]).toMatchObject({
      stats: { pool: expect.anything() },
      registered: expect.arrayContaining(["py.add"]),
    });
    const limit = await ask.post("/api/task/rate-limit/py.add", `workername=${path}&ratelimit=100/s`);
    expect(limit).toMatchObject({ status: 200, text: '{"message":"new rate limit set successfully"}' });
    const added = await ask.post(`/api/worker/queue/add-consumer/${path}`, "queue=extra");
    expect(added).toMatchObject({ status: 200, text: '{"message":"add consumer extra"}' });
    const cancelled = await ask.post(`/api/worker/queue/cancel-consumer/${path}`, "queue=extra");
    expect(cancelled).toMatchObject({ status: 200, text: '{"message":"no longer consuming from extra"}' });
    // Its pool is solo, which does not grow: the worker's own words.
    expect(await ask.post(`/api/worker/pool/grow/${path}`)).toMatchObject({
      status: 403,
      text: expect.stringMatching(/^Failed to grow '.+' worker's pool: /),
    });
  });
});
