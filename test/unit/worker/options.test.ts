/** What pool a worker has: its option, else the app's setting, under Celery's names too. */
import { createApp } from "@celeriac/core";
import { resolveSettings } from "@celeriac/core/runtime";
import { poolPlan, type WorkerOptions, workerOptionTable } from "@celeriac/worker";
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

it("is nothing that no pool is called", () => {
  for (const pool of ["fork", "constructor", ""] as const)
    expect(() => planOf({ pool: pool as never }, {})).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});

it("reads each default as itself: the command gives every option", () => {
  const defaults = Object.fromEntries(Object.entries(workerOptionTable).map(([name, row]) => [name, row.default]));
  expect(resolveSettings(workerOptionTable, defaults)).toEqual(defaults);
});
