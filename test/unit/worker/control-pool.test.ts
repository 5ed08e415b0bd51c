/** Growing, shrinking, restarting and autoscaling a pool over remote control, and what stats tell of it: texts and shapes are Celery's. */
import { type Config, createApp } from "@celeriac/core";
import { createWorker, type WorkerOptions } from "@celeriac/worker";
import { describe, expect, it, onTestFinished } from "vitest";
import { programUrl } from "../../support/built.ts";
import { createSqliteFile } from "../../support/sqlite-file.ts";

async function started(options: WorkerOptions = {}, config: Config = {}) {
  const file = await createSqliteFile();
  const app = createApp("controlled", { broker: file.url, config: { durability: "process", ...config } });
  const add = app.task("js.add", (x: number, y: number) => x + y);
  const lines: string[] = [];
  const line = (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const logger = { debug: line, info: line, warn: line, error: line };
  const source = { moduleUrl: programUrl("interop/app").href, appName: null };
  const worker = createWorker(app, { pool: "threads", concurrency: 1, hostname: "w1@host", ...options }, { source, logger });
  onTestFinished(async () => {
    await worker.stop({ deadline: 0 });
    await app.close();
    await file.remove();
  });
  await worker.start();
  const ask = async (command: string, args: object = {}) =>
    (await app.control.broadcast(command, args, { reply: true, limit: 1, timeout: "10s" }))["w1@host"];
  const poolOf = async () => ((await app.control.inspect("stats", { limit: 1, timeout: "10s" }))["w1@host"] as { pool: object }).pool;
  return { app, add, ask, poolOf, worker, lines };
}

describe("the pool of a worker", () => {
  it("grows and shrinks, and says so in its stats", async () => {
    const { ask, poolOf, add, worker } = await started(
      { maxTasksPerChild: 100, pool: "prefork" },
      { taskTimeLimit: 9.5, taskSoftTimeLimit: "5s" },
    );
    expect(await ask("pool_grow")).toEqual({ ok: "pool will grow" });
    expect(await ask("pool_grow", { n: 2 })).toEqual({ ok: "pool will grow" });
    expect(await ask("pool_shrink", { n: 2 })).toEqual({ ok: "pool will shrink" });
    expect(await add.delay(1, 2).get()).toBe(3);
    await expect.poll(() => worker.stats().pool.executors.length).toBe(2);
    const processes = worker.stats().pool.executors.map(({ pid }) => pid);
    const sent = worker.stats().pool.executors.map((executor) => executor.sent);
    expect(await poolOf()).toMatchObject({
      "max-concurrency": 2,
      processes,
      "max-tasks-per-child": 100,
      "put-guarded-by-semaphore": false,
      timeouts: [5, 9.5],
      writes: {
        total: 1,
        avg: "0.50",
        all: sent.map((count) => count.toFixed(2)).join(", "),
        raw: sent.join(", "),
        strategy: "fair",
        inqueues: { total: 2, active: 0 },
      },
    });
  });

  it("tells what its executors do", async () => {
    const { ask } = await started({ concurrency: 2 });
    const idle = { pid: process.pid, tasks: [], stack: ["[idle]"] };
    expect(await ask("stacks")).toEqual([idle, idle]);
  });

  it("cannot shrink to nothing, nor be changed where it has one size", async () => {
    const { ask } = await started();
    expect(await ask("pool_shrink")).toEqual({ error: expect.stringContaining("1 to 10000") });
    const solo = await started({ pool: "solo" });
    expect(await solo.ask("pool_grow")).toEqual({ error: expect.stringContaining("solo") });
    expect(await solo.poolOf()).toMatchObject({ "max-concurrency": 1, "max-tasks-per-child": "N/A" });
  });

  it("is restarted while it goes on, or says in the log why it cannot be", async () => {
    const { ask, add, lines } = await started();
    expect(await ask("pool_restart", { modules: null, reload: false, reloader: null })).toEqual({ ok: "reload started" });
    await expect.poll(() => lines.some((line) => line.startsWith("Pool restarted")), { timeout: 10_000 }).toBe(true);
    expect(await add.delay(1, 2).get()).toBe(3);
    const inline = await started({ pool: "inline" });
    await inline.ask("pool_restart");
    expect(inline.lines.find((line) => line.startsWith("The pool could not be restarted"))).toContain("inline");
  });

  it("autoscales within another range, where it autoscales", async () => {
    const { ask, worker } = await started({ autoscale: [4, 1] });
    expect(await ask("autoscale", { max: 6, min: 2 })).toEqual({ ok: "autoscale now max=6 min=2" });
    expect(worker.stats().pool.concurrency).toBe(2);
    expect(await ask("autoscale", { max: 5 })).toEqual({ ok: "autoscale now max=5 min=2" });
    expect(await ask("pool_shrink")).toEqual({ ok: "pool will shrink" });
    expect(await ask("autoscale", {})).toEqual({ ok: "autoscale now max=5 min=1" });
    expect(await ask("autoscale", { max: 1, min: 2 })).toEqual({ error: expect.stringContaining("MAX,MIN") });
    const fixed = await started();
    expect(await fixed.ask("autoscale", { max: 4, min: 1 })).toEqual({ error: "ValueError('Autoscale not enabled')" });
  });
});

describe("the time limits of a task", () => {
  it("are set for runs that come later, and a call's own win", async () => {
    const { ask, app } = await started({ pool: "inline" });
    const waits = app.bound("waits", { softTimeLimit: "1h" }, async (self) => {
      await new Promise((_, reject) => self.signal.addEventListener("abort", () => reject(self.signal.reason)));
    });
    expect(await ask("time_limit", { task_name: "waits", soft: 0.05 })).toEqual({ ok: "time limits set successfully" });
    const late = expect.objectContaining({ remote: expect.objectContaining({ type: "SoftTimeLimitExceeded" }) });
    expect(await (await waits.delay()).settled()).toMatchObject({ state: "FAILURE", error: late });
    expect(await ask("time_limit", { task_name: "waits", soft: 3_600, hard: null })).toEqual({ ok: "time limits set successfully" });
    expect(await (await waits.applyAsync([], { softTimeLimit: "50ms" })).settled()).toMatchObject({ state: "FAILURE" });
    expect(await ask("time_limit", { task_name: "none", soft: 5 })).toEqual({ error: "unknown task" });
    expect(await ask("time_limit", { task_name: "waits", hard: 9.5 })).toEqual({ error: expect.stringContaining("inline") });
    expect(await ask("time_limit", { task_name: "waits", soft: -1 })).toEqual({ error: expect.stringContaining("time limit") });
  });

  it("may be hard where an executor can be ended for them", async () => {
    const { ask } = await started();
    expect(await ask("time_limit", { task_name: "js.add", soft: 5, hard: 9.5 })).toEqual({ ok: "time limits set successfully" });
  });
});
