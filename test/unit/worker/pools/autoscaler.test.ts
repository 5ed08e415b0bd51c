/** How a pool's concurrency follows what there is to do. */
import { describe, expect, it } from "vitest";
import { Autoscaler } from "../../../../packages/worker/src/pools/autoscaler.ts";
import { begun, type ScriptedOptions, scriptedRun, startedPool } from "../../../support/executor-pool.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

function staged({ max = 4, min = 1 } = {}) {
  const clock = createFakeClock();
  const pool = {
    concurrency: min,
    needed: 0,
    scale(concurrency: number) {
      pool.concurrency = concurrency;
    },
  };
  const autoscaler = new Autoscaler(pool, { max, min }, { clock, keepaliveMs: 30_000 });
  autoscaler.start();
  return { clock, pool, autoscaler };
}

describe("an autoscaler", () => {
  it("grows at once by as much as is needed, and never beyond its range", () => {
    const { pool, autoscaler } = staged();
    pool.needed = 3;
    autoscaler.grow();
    expect(pool.concurrency).toBe(3);
    pool.needed = 9;
    autoscaler.grow();
    expect(pool.concurrency).toBe(4);
    pool.needed = 0;
    autoscaler.grow();
    expect(pool.concurrency).toBe(4);
  });

  it("gives up, one at a time, what was not needed for 30 s, down to its least", () => {
    const { clock, pool, autoscaler } = staged({ min: 2 });
    pool.needed = 4;
    autoscaler.grow();
    pool.needed = 3;
    clock.step(20_000);
    pool.needed = 0;
    clock.step(9_000);
    expect(pool.concurrency).toBe(4);
    clock.step(1_000);
    expect(pool.concurrency).toBe(3);
    clock.step(19_000);
    expect(pool.concurrency).toBe(3);
    clock.step(1_000);
    expect(pool.concurrency).toBe(2);
    clock.step(100_000);
    expect(pool.concurrency).toBe(2);
    autoscaler.stop();
    expect(clock.pending).toBe(0);
  });

  it("keeps what is needed now and then", () => {
    const { clock, pool, autoscaler } = staged();
    pool.needed = 3;
    autoscaler.grow();
    for (let round = 0; round < 5; round++) {
      pool.needed = 0;
      clock.step(25_000);
      pool.needed = 3;
      clock.step(1_000);
    }
    expect(pool.concurrency).toBe(3);
  });

  it("fits at once into another range, and counts what was set by hand from then on", () => {
    const { clock, pool, autoscaler } = staged();
    autoscaler.setRange({ max: 8, min: 6 });
    expect(pool.concurrency).toBe(6);
    autoscaler.setRange({ max: 2, min: 1 });
    expect(pool.concurrency).toBe(2);
    autoscaler.range = { max: 5, min: 1 };
    pool.concurrency = 5;
    clock.step(30_000);
    expect(pool.concurrency).toBe(5);
    clock.step(1_000);
    expect(pool.concurrency).toBe(4);
  });
});

const range = { max: 3, min: 1, keepaliveMs: 1 };
const pools: readonly (readonly [string, ScriptedOptions])[] = [
  ["prefork", { kind: "process" }],
  ["threads", { kind: "thread" }],
  ["async", { kind: "thread", scaledBy: "slots" }],
];

describe.each(pools)("a pool that autoscales (%s)", { timeout: 60_000 }, (_name, options) => {
  it("takes what it could run at most, grows when runs wait, and shrinks when they do not", async () => {
    const record = await startedPool({ ...options, autoscale: range });
    expect(record.pool).toMatchObject({ concurrency: 1, demand: 3, mostCapacity: 3, autoscale: { max: 3, min: 1 } });
    const runs = Array.from({ length: 5 }, () => scriptedRun({ do: "untilAborted" }));
    const endings = runs.map((run) => record.pool.submit(run));
    for (const run of runs.slice(0, 3)) await begun(record, run);
    expect(record.pool.concurrency).toBe(3);
    expect(record.began).toHaveLength(3);
    for (const run of runs) {
      await begun(record, run);
      record.pool.abort(run.id, "shutdown", "");
    }
    await Promise.all(endings);
    await expect.poll(() => record.pool.concurrency, { timeout: 10_000 }).toBe(1);
    expect(record.pool.demand).toBeGreaterThanOrEqual(3);
  });
});

describe("the range of a pool that autoscales", { timeout: 60_000 }, () => {
  it("is widened by a size that is set, and can be changed", async () => {
    const { pool } = await startedPool({ kind: "thread", autoscale: { ...range, keepaliveMs: 60_000 } });
    pool.resize(4);
    expect(pool).toMatchObject({ concurrency: 4, autoscale: { max: 4, min: 1 }, demand: 4 });
    pool.setAutoscale({ max: 2, min: 2 });
    expect(pool).toMatchObject({ concurrency: 2, autoscale: { max: 2, min: 2 }, demand: 2 });
    pool.resize(1);
    expect(pool).toMatchObject({ concurrency: 1, autoscale: { max: 2, min: 1 } });
    for (const wrong of [
      { max: 1, min: 2 },
      { max: 2, min: 0 },
      { max: Number.NaN, min: 1 },
    ])
      expect(() => pool.setAutoscale(wrong)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("is not to be had of a pool that keeps its size", async () => {
    const { pool } = await startedPool({ kind: "thread" });
    expect(pool.autoscale).toBeNull();
    expect(() => pool.setAutoscale({ max: 2, min: 1 })).toThrow(expect.objectContaining({ code: "POOL_UNSUPPORTED" }));
  });

  it("is not used up by short runs", async () => {
    const { pool } = await startedPool({ kind: "thread", autoscale: { ...range, keepaliveMs: 60_000 } });
    for (let count = 0; count < 20; count++) await pool.submit(scriptedRun({ do: "where" }));
    await Promise.all(Array.from({ length: 20 }, () => pool.submit(scriptedRun({ do: "where" }))));
    expect(pool.concurrency).toBe(1);
  });
});
