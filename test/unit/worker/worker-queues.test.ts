/** Which queues a worker consumes, how much it holds of them, and what it deletes first. */
import { createApp } from "@celeriac/core";
import { type Broker, resolveSettings, runtimeOf, silentLogger } from "@celeriac/core/runtime";
import { createWorker, nodePath, type WorkerOptions, workerOptionTable } from "@celeriac/worker";
import { expect, it, onTestFinished } from "vitest";
import { fixedDemand } from "../../../packages/worker/src/options.ts";
import { createPurge, queuesOf } from "../../../packages/worker/src/worker-queues.ts";

/** Not a measure of speed: a loaded machine is slow. */
const patience = { timeout: 20_000 };

function queuesFor(options: WorkerOptions, config: object = {}) {
  const runtime = runtimeOf(createApp("queues", { broker: "memory://queues", config }))!;
  return queuesOf(resolveSettings(workerOptionTable, options), runtime, "w1@here");
}

it("are those it was told, else the app's, less those that it leaves out", () => {
  const config = { task_queues: ["a", "b", "c"] };
  expect(queuesFor({}, config)).toEqual(["a", "b", "c"]);
  expect(queuesFor({ excludeQueues: ["b", "unheard-of"] }, config)).toEqual(["a", "c"]);
  expect(queuesFor({ queues: ["x", "a", "x"], excludeQueues: ["a"] }, config)).toEqual(["x"]);
  expect(queuesFor({ excludeQueues: ["a", "b", "c"] }, { ...config, worker_direct: true })).toEqual(["w1@here.dq2"]);
  expect(() => queuesFor({ excludeQueues: ["a", "b", "c"] }, config)).toThrow(
    expect.objectContaining({ code: "CONFIG_QUEUE", message: expect.stringContaining("excludeQueues") }),
  );
});

it("are purged once, however often the broker is tried", async () => {
  const purged: string[] = [];
  let isAway = true;
  const purge = async (queue: string) => {
    if (isAway) throw new Error("away");
    purged.push(queue);
    return 2;
  };
  const broker = { queues: { purge } } as unknown as Broker;
  await createPurge(false, ["a"], silentLogger)(broker);
  const first = createPurge(true, ["a", "b"], silentLogger);
  await expect(first(broker)).rejects.toThrow("away");
  isAway = false;
  await first(broker);
  await first(broker);
  expect(purged).toEqual(["a", "b"]);
});

it.each([
  [null, 8, null],
  [1, 8, 8],
  [4, 2, 8],
  [0, 2, 10_000],
  [3, 0, 1],
])("with a multiplier of %s and a capacity of %i it holds %s", (multiplier, capacity, demand) => {
  expect(fixedDemand(multiplier, capacity)).toBe(demand);
});

it("holds as many tasks as it is told, and runs all of them", async () => {
  const app = createApp("prefetch", { broker: "memory://prefetch", config: { worker_prefetch_multiplier: 3 } });
  onTestFinished(() => app.close());
  const begun: number[] = [];
  const held: (() => void)[] = [];
  const hold = app.task("hold", async (n: number) => {
    begun.push(n);
    await new Promise<void>((resolve) => held.push(resolve));
  });
  for (let n = 0; n < 10; n++) await hold.delay(n);
  const worker = createWorker(app, { pool: "inline", concurrency: 1 });
  onTestFinished(() => worker.stop({ deadline: 0 }));
  await worker.start();
  await expect.poll(() => worker.stats().counts["task-received"], patience).toBe(3);
  expect(begun).toEqual([0]);
  for (let n = 0; n < 10; n++) {
    await expect.poll(() => held.length, patience).toBe(n + 1);
    held[n]!();
  }
  await expect.poll(() => worker.stats().counts["task-succeeded"], patience).toBe(10);
});

it("deletes what waits before it takes the first", async () => {
  const app = createApp("purged", { broker: "memory://purged" });
  onTestFinished(() => app.close());
  const ran: number[] = [];
  const say = app.task("say", (n: number) => void ran.push(n));
  for (let n = 0; n < 3; n++) await say.delay(n);
  const worker = createWorker(app, { pool: "inline", purge: true });
  onTestFinished(() => worker.stop({ deadline: 0 }));
  await worker.start();
  await say.delay(3).get();
  expect(ran).toEqual([3]);
});

it("names files as Celery's main process does", () => {
  expect(nodePath("/run/%n-%i%I.pid", "w1@box.example.org")).toBe("/run/w1-0.pid");
  expect(nodePath("%h.%d.100%%", "w1@box.example.org")).toBe("box.example.org.example.org.100%");
});
