/** The size of a pool, changed while it runs: executors in prefork and threads, slots in async and inline, nothing in solo. */
import { describe, expect, it } from "vitest";
import type { Ending, Run } from "../../../../packages/core/src/run.ts";
import { eventually } from "../../../support/eventually.ts";
import { begun, type PoolRecord, type ScriptedOptions, scriptedPool, scriptedRun, startedPool } from "../../../support/executor-pool.ts";

const pools: readonly (readonly [string, ScriptedOptions])[] = [
  ["prefork", { kind: "process" }],
  ["threads", { kind: "thread" }],
  ["async", { kind: "thread", scaledBy: "slots" }],
  ["inline", { kind: "inline", scaledBy: "slots" }],
];

function waitingRuns(count: number): Run[] {
  return Array.from({ length: count }, () => scriptedRun({ do: "untilAborted" }));
}

function abort({ pool }: PoolRecord, runs: readonly Run[]): void {
  for (const run of runs) pool.abort(run.id, "shutdown", "");
}

const kinds = async (endings: readonly Promise<Ending>[]) => (await Promise.all(endings)).map(({ kind }) => kind);

describe.each(pools)("the size of a pool (%s)", { timeout: 60_000 }, (_name, options) => {
  it("grows while runs go on, and takes more at once from then on", async () => {
    const record = await startedPool(options);
    let told = 0;
    record.pool.onDemand(() => void told++);
    const runs = waitingRuns(3);
    const endings = runs.map((run) => record.pool.submit(run));
    await begun(record, runs[0] as Run);
    record.pool.resize(3);
    for (const run of runs) await begun(record, run);
    expect(record.pool).toMatchObject({ concurrency: 3, capacity: 3, demand: 3 });
    expect(record.pool.stats()).toMatchObject({ concurrency: 3, capacity: 3 });
    expect(told).toBeGreaterThan(0);
    abort(record, runs);
    expect(await kinds(endings)).toEqual(["succeeded", "succeeded", "succeeded"]);
  });

  it("shrinks without ending what runs, and takes less at once from then on", async () => {
    const record = await startedPool({ ...options, ...(options.scaledBy === "slots" ? { slots: 3 } : { executors: 3 }) });
    const runs = waitingRuns(3);
    const endings = runs.map((run) => record.pool.submit(run));
    for (const run of runs) await begun(record, run);
    record.pool.resize(1);
    expect(record.pool).toMatchObject({ concurrency: 1, capacity: 1, demand: 1 });
    const later = waitingRuns(2);
    const laterEndings = later.map((run) => record.pool.submit(run));
    expect(
      record.pool
        .stats()
        .executors.flatMap(({ running }) => running)
        .sort(),
    ).toEqual(runs.map(({ id }) => id).sort());
    abort(record, runs);
    expect(await kinds(endings)).toEqual(["succeeded", "succeeded", "succeeded"]);
    await begun(record, later[0] as Run);
    await eventually(() => expect(record.pool.stats().executors).toMatchObject([{ running: [later[0]?.id] }]));
    abort(record, later.slice(0, 1));
    await begun(record, later[1] as Run);
    abort(record, later);
    expect(await kinds(laterEndings)).toEqual(["succeeded", "succeeded"]);
  });

  it("can be changed before it starts, and makes no difference once it has stopped", async () => {
    const record = scriptedPool(options);
    record.pool.resize(2);
    await record.pool.start();
    const runs = waitingRuns(2);
    const endings = runs.map((run) => record.pool.submit(run));
    for (const run of runs) await begun(record, run);
    abort(record, runs);
    await Promise.all(endings);
    await record.pool.stop();
    record.pool.resize(3);
    expect(record.pool.stats().executors).toEqual([]);
  });

  it("is a whole number of 1 or more", async () => {
    const { pool } = await startedPool(options);
    for (const size of [0, 1.5, 10_001, Number.NaN])
      expect(() => pool.resize(size), String(size)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(pool.concurrency).toBe(1);
  });
});

it("the size of a pool that runs one task at a time cannot be changed", async () => {
  const { pool } = await startedPool({ kind: "thread", scaledBy: "nothing" });
  expect(() => pool.resize(2)).toThrow(expect.objectContaining({ code: "POOL_UNSUPPORTED" }));
});

it("the size of a pool does not come back when an executor dies that was too many", async () => {
  const record = await startedPool({ kind: "process", executors: 2 });
  const runs = waitingRuns(2);
  const endings = runs.map((run) => record.pool.submit(run));
  for (const run of runs) await begun(record, run);
  record.pool.resize(1);
  const leaving = record.pool.stats().executors.map(({ pid }) => pid);
  for (const pid of leaving) process.kill(pid, "SIGKILL");
  expect(await kinds(endings)).toEqual(["executorLost", "executorLost"]);
  await eventually(() => {
    const { executors } = record.pool.stats();
    expect(executors.filter(({ pid }) => !leaving.includes(pid))).toHaveLength(1);
    expect(executors).toHaveLength(1);
  });
});
