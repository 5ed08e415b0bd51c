/** What pool a worker has: its option, else the app's setting, under Celery's names too. */
import { createApp } from "@celeriac/core";
import { resolveSettings } from "@celeriac/core/runtime";
import { type PoolPlan, poolPlan, poolShape, type WorkerOptions, workerOptionTable } from "@celeriac/worker";
import { expect, it } from "vitest";

function planOf(options: WorkerOptions, config: object) {
  return poolPlan(resolveSettings(workerOptionTable, options), createApp("planned", { config }).config);
}

const unlimited = { tasks: null, memoryKb: null };

it("is what the worker was given, else what the app says, else prefork on every core", () => {
  const config = { worker_pool: "gevent", worker_concurrency: 20 };
  expect(planOf({ pool: "threads", concurrency: 2, slots: 3 }, config)).toEqual({
    pool: "threads",
    concurrency: 2,
    slots: 3,
    autoscale: null,
    lifetime: unlimited,
  });
  expect(planOf({}, config)).toEqual({ pool: "async", concurrency: 20, slots: 1, autoscale: null, lifetime: unlimited });
  expect(planOf({}, {})).toEqual({ pool: "prefork", concurrency: null, slots: 1, autoscale: null, lifetime: unlimited });
  expect(planOf({}, { worker_concurrency: 0 })).toEqual({
    pool: "prefork",
    concurrency: null,
    slots: 1,
    autoscale: null,
    lifetime: unlimited,
  });
});

it.each([
  ["gevent", "async"],
  ["eventlet", "async"],
  ["processes", "prefork"],
] as const)("takes Celery's %s for %s", (name, pool) => {
  expect(planOf({ pool: name }, {}).pool).toBe(pool);
});

const machine = { cores: 4, memory: 2 ** 31 };

it.each<[PoolPlan["pool"], number | null, object]>([
  ["prefork", null, { kind: "process", executors: 4, slots: 3, scaledBy: "executors", autoscale: null, heapMb: 336, lifetime: undefined }],
  ["prefork", 8, { kind: "process", executors: 8, slots: 3, scaledBy: "executors", autoscale: null, heapMb: 170, lifetime: undefined }],
  ["threads", null, { kind: "thread", executors: 4, slots: 3, scaledBy: "executors", autoscale: null, heapMb: null, lifetime: undefined }],
  ["async", null, { kind: "thread", executors: 1, slots: 100, scaledBy: "slots", autoscale: null, heapMb: null, lifetime: undefined }],
  ["inline", 5, { kind: "inline", executors: 1, slots: 5, scaledBy: "slots", autoscale: null, heapMb: null, lifetime: undefined }],
  ["solo", 5, { kind: "thread", executors: 1, slots: 1, scaledBy: "nothing", autoscale: null, heapMb: null, lifetime: undefined }],
])("%s with concurrency %s fits its machine", (pool, concurrency, shape) => {
  expect(poolShape({ pool, concurrency, slots: 3, autoscale: null, lifetime: unlimited }, machine)).toEqual(shape);
});

it("gives children, and nobody else, the lifetime that is asked for", () => {
  const config = { worker_max_tasks_per_child: 100, worker_max_memory_per_child: 0 };
  const lifetimeOf = (options: WorkerOptions) => poolShape(planOf(options, config), machine).lifetime;
  expect(lifetimeOf({})).toEqual({ tasks: 100, memoryKb: null });
  expect(lifetimeOf({ maxTasksPerChild: 5, maxMemoryPerChild: 200_000 })).toEqual({ tasks: 5, memoryKb: 200_000 });
  expect(lifetimeOf({ pool: "threads" })).toBeUndefined();
  expect(poolShape(planOf({}, {}), machine).lifetime).toBeUndefined();
});

it("autoscales from least to most, whatever its concurrency, and shares the memory among the most", () => {
  const shapeOf = (options: WorkerOptions, config = {}) => poolShape(planOf(options, config), machine);
  const range = { max: 8, min: 2, keepaliveMs: 30_000 };
  for (const autoscale of [[8, 2], "8,2", "8, 2"] as const)
    expect(shapeOf({ concurrency: 5, autoscale: autoscale as readonly [number, number] })).toMatchObject({
      executors: 2,
      heapMb: 170,
      autoscale: range,
    });
  expect(shapeOf({ pool: "async", autoscale: [8, 2] })).toMatchObject({ executors: 1, slots: 2, autoscale: range });
  expect(shapeOf({ autoscale: "8" as never }, { workerAutoscaleKeepalive: "1m" }).autoscale).toEqual({
    max: 8,
    min: 1,
    keepaliveMs: 60_000,
  });
  expect(shapeOf({ autoscale: [8, 0] }).autoscale?.min).toBe(1);
  for (const autoscale of ["2,8", "0", "", "a,b", "3,2,1", [1.5, 1]])
    expect(() => shapeOf({ autoscale: autoscale as never }), String(autoscale)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  expect(() => planOf({ pool: "solo", autoscale: [2, 1] }, {})).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});

it("leaves the heap to Node where nothing limits it", () => {
  expect(
    poolShape({ pool: "prefork", concurrency: 2, slots: 1, autoscale: null, lifetime: unlimited }, { cores: 4, memory: null }).heapMb,
  ).toBeNull();
});

it("is nothing that no pool is called", () => {
  for (const pool of ["fork", "constructor", ""] as const)
    expect(() => planOf({ pool: pool as never }, {})).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});

it("reads each default as itself: the command gives every option", () => {
  const defaults = Object.fromEntries(Object.entries(workerOptionTable).map(([name, row]) => [name, row.default]));
  expect(resolveSettings(workerOptionTable, defaults)).toEqual(defaults);
});
