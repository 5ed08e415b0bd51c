import { createApp } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { type PoolPlan, poolShape } from "@celeriac/worker";
import picocolors from "picocolors";
import { describe, expect, it } from "vitest";
import { banner } from "../../../packages/cli/src/banner.ts";

const colors = picocolors.createColors(false);

const lifetime = { tasks: null, memoryKb: null };
const async = { pool: "async", concurrency: 20, slots: 1, autoscale: null, lifetime } as const;

function show(columns: number, names: readonly string[], broker = "redis://me:secret@host", plan: PoolPlan = async): string {
  const app = createApp("shop", { broker });
  for (const name of names) app.task(name, () => null);
  const facts = { version: "1.2.3", hostname: "w1@host", file: "./tasks.ts", runtime: runtimeOf(app)!, queues: ["mail", "default"] };
  const machine = { cores: 2, memory: 1_024 * 2 ** 20 };
  return banner({ ...facts, pool: plan.pool, shape: poolShape(plan, machine) }, colors, columns);
}

describe("the banner of a worker", () => {
  it("says in a few lines what runs, and no password", () => {
    expect(show(80, ["shop.sub", "shop.add"])).toBe(
      [
        "",
        "  celeriac 1.2.3  w1@host",
        "",
        "  app      shop  ./tasks.ts",
        "  broker   redis://me:********@host",
        "  results  with the broker",
        "  queues   mail default",
        "  pool     async, 1 thread × 20 tasks",
        "  tasks    shop.add  shop.sub",
        "",
        "",
      ].join("\n"),
    );
  });

  it("stays small however many tasks there are, and as narrow as the terminal", () => {
    const text = show(
      60,
      Array.from({ length: 300 }, (_, at) => `shop.task-${at}`),
    );
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(60);
    expect(text.split("\n").length).toBeLessThan(20);
    expect(text).toContain("and 281 more");
  });

  it.each([
    ["prefork", 1, "prefork, 2 processes, 288 MB of heap each"],
    ["threads", 3, "threads, 2 threads × 3 tasks"],
    ["inline", 1, "inline, the worker's own thread × 100 tasks"],
  ] as const)("says how large the pool is: %s", (pool, slots, text) => {
    expect(show(80, [], "redis://host", { pool, concurrency: null, slots, autoscale: null, lifetime })).toContain(`  pool     ${text}\n`);
  });

  it.each([
    ["threads", "threads, 1 to 4 threads"],
    ["async", "async, 1 thread × 1 to 4 tasks"],
  ] as const)("says between what a pool scales: %s", (pool, text) => {
    const autoscale = { max: 4, min: 1, keepaliveMs: 30_000 };
    expect(show(80, [], "redis://host", { pool, concurrency: null, slots: 1, autoscale, lifetime })).toContain(`  pool     ${text}\n`);
  });

  it("warns where no other process can reach the broker", () => {
    expect(show(60, [], "memory://shop")).toContain("  broker   memory://shop  no other process can reach it\n");
  });

  it("warns where there is nothing to run", () => {
    expect(show(80, [])).toContain("tasks    none: the app defines no task");
  });
});
