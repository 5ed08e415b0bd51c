/** What pool a worker has: its option, else the app's setting, under Celery's names too. */
import { createApp } from "@celeriac/core";
import { resolveSettings } from "@celeriac/core/runtime";
import { type PoolPlan, poolPlan, poolShape, type WorkerOptions, workerOptionTable } from "@celeriac/worker";
import { expect, it } from "vitest";

function planOf(options: WorkerOptions, config: object) {
  return poolPlan(resolveSettings(workerOptionTable, options), createApp("planned", { config }).config);
}

it("is what the worker was given, else what the app says, else prefork on every core", () => {
  const config = { worker_pool: "gevent", worker_concurrency: 20 };
  expect(planOf({ pool: "threads", concurrency: 2, slots: 3 }, config)).toEqual({ pool: "threads", concurrency: 2, slots: 3 });
  expect(planOf({}, config)).toEqual({ pool: "async", concurrency: 20, slots: 1 });
  expect(planOf({}, {})).toEqual({ pool: "prefork", concurrency: null, slots: 1 });
  expect(planOf({}, { worker_concurrency: 0 })).toEqual({ pool: "prefork", concurrency: null, slots: 1 });
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
  ["prefork", null, { kind: "process", executors: 4, slots: 3, heapMb: 336 }],
  ["prefork", 8, { kind: "process", executors: 8, slots: 3, heapMb: 170 }],
  ["threads", null, { kind: "thread", executors: 4, slots: 3, heapMb: null }],
  ["async", null, { kind: "thread", executors: 1, slots: 100, heapMb: null }],
  ["inline", 5, { kind: "inline", executors: 1, slots: 5, heapMb: null }],
  ["solo", 5, { kind: "thread", executors: 1, slots: 1, heapMb: null }],
])("%s with concurrency %s fits its machine", (pool, concurrency, shape) => {
  expect(poolShape({ pool, concurrency, slots: 3 }, machine)).toEqual(shape);
});

it("leaves the heap to Node where nothing limits it", () => {
  expect(poolShape({ pool: "prefork", concurrency: 2, slots: 1 }, { cores: 4, memory: null }).heapMb).toBeNull();
});

it("is nothing that no pool is called", () => {
  for (const pool of ["fork", "constructor", ""] as const)
    expect(() => planOf({ pool: pool as never }, {})).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});

it("reads each default as itself: the command gives every option", () => {
  const defaults = Object.fromEntries(Object.entries(workerOptionTable).map(([name, row]) => [name, row.default]));
  expect(resolveSettings(workerOptionTable, defaults)).toEqual(defaults);
});
