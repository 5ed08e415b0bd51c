/** A worker whose tasks run in its own thread, with the app that made it. */
import { type App, type Config, createApp } from "@celeriac/core";
import { createWorker, type WorkerOptions } from "@celeriac/worker";
import { expect, it, onTestFinished } from "vitest";

let lastName = 0;

function world({ config = {}, define = () => {} }: { readonly config?: Config; readonly define?: (app: App) => void } = {}) {
  const app = createApp("inline", { broker: `memory://inline-${++lastName}`, config });
  define(app);
  const worker = (options: WorkerOptions = {}) => createWorker(app, { pool: "inline", ...options });
  onTestFinished(() => app.close());
  return { app, worker };
}

async function start(worker: ReturnType<typeof createWorker>): Promise<void> {
  onTestFinished(() => worker.stop({ deadline: 0 }));
  await worker.start();
}

it("runs tasks where they were defined, and lets them send and read", async () => {
  const { app, worker } = world();
  const inner = app.task("inner", (n: number) => n + 1);
  const outer = app.task("outer", async (n: number) => {
    const sent = await inner.delay(n);
    return [await sent.get(), await app.result(sent.id).snapshot()];
  });
  await start(worker());
  expect(await outer.delay(1).get()).toEqual([2, expect.objectContaining({ state: "SUCCESS", value: 2 })]);
});

it("opens the app's dependencies once, for all workers, and leaves them to whoever closes the app", async () => {
  const told: string[] = [];
  const app = createApp("inline-deps", {
    broker: "memory://inline-deps",
    deps: (scope) => {
      told.push("opened");
      scope.onClose(() => told.push("closed"));
      return { answer: 42 };
    },
  });
  const answer = app.bound("answer", (self) => self.deps.answer);
  for (let round = 0; round < 2; round++) {
    const worker = createWorker(app, { pool: "inline" });
    await worker.start();
    expect(await answer.delay().get()).toBe(42);
    await worker.stop();
  }
  expect(told).toEqual(["opened"]);
  await app.close();
  expect(told).toEqual(["opened", "closed"]);
});

it.each([
  ["the task's", {}, { timeLimit: "1m" }],
  ["the app's", { taskTimeLimit: 60 }, {}],
])("does not start with a task that has a hard time limit: %s", async (_whose, config, options) => {
  const { worker } = world({ config, define: (app) => void app.task("limited", options as object, () => 1) });
  const refused = worker();
  await expect(refused.start()).rejects.toMatchObject({ code: "LIMIT_NEEDS_EXECUTOR", message: expect.stringContaining("limited") });
  await refused.stop();
});

it("fails a call with a hard time limit without running it, and keeps soft ones", async () => {
  let ran = 0;
  const { app, worker } = world({ config: { taskTimeLimit: 0 } });
  const limited = app.bound("limited", { softTimeLimit: "10ms" }, async (self) => {
    ran++;
    await new Promise((_resolve, reject) => self.signal.addEventListener("abort", () => reject(self.signal.reason)));
  });
  const after = app.task("after", (id: string) => `${id} failed`);
  await start(worker());
  const call = await limited.applyAsync([], { timeLimit: "1m", linkError: after.s() });
  await expect(call.get()).rejects.toMatchObject({ code: "TASK_FAILED", message: expect.stringContaining("hard time limit of this call") });
  // Error callbacks are one group, however few.
  const [callbacks] = await call.children();
  expect(await callbacks!.get()).toEqual([`${call.id} failed`]);
  expect(ran).toBe(0);
  await expect(limited.delay().get()).rejects.toMatchObject({ remote: { type: "SoftTimeLimitExceeded" } });
  expect(ran).toBe(1);
});

it("hands back what does not end within the grace, and runs it again when it may", async () => {
  let runs = 0;
  const { app, worker } = world();
  const stubborn = app.bound("stubborn", async (self) => {
    if (++runs > 1) return self.request.deliveryCount;
    return await new Promise<never>(() => {});
  });
  const call = await stubborn.delay();
  const first = worker();
  await first.start();
  await expect.poll(() => runs).toBe(1);
  await Promise.all([first.stop(), first.terminate()]);
  await start(worker());
  expect(await call.get()).toBe(0);
});
