/** What Celery's settings, and its variables of the environment, make of a worker: what it listens to, and what it tells. */
import { randomUUID } from "node:crypto";
import { type Config, createApp } from "@celeriac/core";
import { type ReceivedEvent, receiveEvents, runtimeOf, silentLogger } from "@celeriac/core/runtime";
import { createWorker, type WorkerOptions } from "@celeriac/worker";
import { expect, it, onTestFinished, vi } from "vitest";

/** A worker in this process, somebody who hears its events, and somebody who asks it. */
async function startWorld(config: Config, options: WorkerOptions = {}) {
  const app = createApp("shop", { broker: `memory://${randomUUID()}`, config });
  const add = app.task("shop.add", (x: number, y: number) => x + y);
  const runtime = runtimeOf(app)!;
  const { broker } = await runtime.links();
  await app.connect();
  const heard: ReceivedEvent[] = [];
  const { settings, lamport } = runtime;
  await receiveEvents({ broker, settings, lamport, logger: silentLogger, received: (event) => void heard.push(event) });
  const worker = createWorker(app, { pool: "inline", hostname: "w1@here", ...options }, { logger: silentLogger });
  onTestFinished(async () => {
    await worker.stop();
    await app.close();
  });
  await worker.start();
  return { app, add, heard };
}

it("takes no commands where worker_enable_remote_control is off", async () => {
  const { app, add } = await startWorld({ worker_enable_remote_control: false });
  expect(await add.delay(1, 2).get()).toBe(3);
  expect(await app.control.ping({ timeout: "100ms" })).toEqual({});
});

it("tells of its tasks where worker_send_task_events is on, unless its option says otherwise", async () => {
  for (const [options, told] of [
    [{}, true],
    [{ taskEvents: false }, false],
  ] as const) {
    const { app, add, heard } = await startWorld({ worker_send_task_events: true }, options);
    await add.delay(1, 2).get();
    // Told on the same way, and after what came before.
    await app.control.broadcast("heartbeat", {}, { reply: true, limit: 1, timeout: "10s" });
    await expect.poll(() => heard.some(({ type }) => type === "worker-heartbeat"), { timeout: 10_000 }).toBe(true);
    if (told) await expect.poll(() => heard.some(({ type }) => type === "task-succeeded"), { timeout: 10_000 }).toBe(true);
    expect(heard.some(({ type }) => type.startsWith("task-"))).toBe(told);
  }
});

it("signals each heartbeat, and tells the memory of its process", async () => {
  const { app } = await startWorld({}, { heartbeatInterval: "1h" });
  const beats: string[] = [];
  app.signals.heartbeatSent.connect(({ hostname }) => beats.push(hostname));
  await app.control.broadcast("heartbeat", {}, { reply: true, limit: 1, timeout: "10s" });
  expect(beats).toEqual(["w1@here"]);
  const answers = await app.control.inspect("memsample", { limit: 1, timeout: "10s" });
  expect(answers).toEqual({ "w1@here": expect.stringMatching(/^[1-9]\d*\.0MB$/) });
});

it("reads Celery's variables of the environment", async () => {
  vi.stubEnv("CELERY_WORKER_REVOKES_MAX", "2");
  vi.stubEnv("CELERY_WORKER_REVOKE_EXPIRES", "60");
  vi.stubEnv("AUTOSCALE_KEEPALIVE", "5");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { app } = await startWorld({});
  expect(app.config).toMatchObject({ workerRevokesMax: 2, workerRevokeExpires: "60", workerAutoscaleKeepalive: "5" });
  for (const id of ["a", "b", "c"]) await app.control.revoke(id, { reply: true, limit: 1, timeout: "10s" });
  expect(await app.control.inspect("revoked", { limit: 1, timeout: "10s" })).toEqual({ "w1@here": ["b", "c"] });
});
