/** The monitor on SQLite and RabbitMQ, of which it knows no more than what every broker can do. */
import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { createApp } from "../../packages/core/src/app.ts";
import { createMonitor } from "../../packages/flower/src/server/monitor.ts";
import { createWorker } from "../../packages/worker/src/worker.ts";
import { eventually } from "../support/eventually.ts";
import { asking } from "../support/monitor/asking.ts";
import { brokerPlaces } from "./worker-places.ts";

it.each(["SQLite", "RabbitMQ"])("watches workers and queues on %s", async (name) => {
  const broker = await brokerPlaces[name]!();
  const backend = name === "RabbitMQ" ? "disabled" : undefined;
  const [app, tasks] = [createApp("watching", { broker, backend }), createApp("watched", { broker, backend })];
  const hostname = `w-${randomUUID()}@box`;
  tasks.task("tasks.add", (x: number, y: number) => x + y);
  const monitor = createMonitor(app, { port: 0, address: "127.0.0.1", unauthenticatedApi: true, persistent: false, inspectTimeout: 500 });
  const worker = createWorker(tasks, { pool: "inline", concurrency: 1, hostname });
  onTestFinished(async () => {
    await Promise.all([monitor.stop(), worker.stop()]);
    await Promise.all([app.close(), tasks.close()]);
  });
  await Promise.all([monitor.start(), worker.start()]);
  const ask = asking(monitor.url!);
  const succeeded = await eventually(async () => {
    const sent = (await ask.post("/api/task/send-task/tasks.add", '{"args":[1,2]}')).json();
    expect(Object.keys(sent)).toEqual(name === "RabbitMQ" ? ["task-id"] : ["task-id", "state"]);
    const tasks = (await ask.get("/api/tasks?state=SUCCESS&limit=1")).json<Record<string, object>>();
    return Object.values(tasks)[0] ?? (false as never);
  });
  expect(succeeded).toMatchObject({ name: "tasks.add", args: "(1, 2)", result: "3", worker: hostname });
  await ask.post("/api/task/send-task/tasks.add", '{"args":[1,2],"queue":"celery","countdown":0}');
  const { active_queues: queues } = (await ask.get("/api/queues/length")).json<{ active_queues: readonly { name: string }[] }>();
  expect(queues).toContainEqual({ name: "celery", messages: expect.any(Number) });
  expect((await ask.get("/api/task/result/nobody")).status).toBe(name === "RabbitMQ" ? 503 : 200);
});
