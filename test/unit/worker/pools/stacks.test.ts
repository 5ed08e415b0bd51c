/** What executors execute, told from outside, even where it never gives way. */
import { describe, expect, it } from "vitest";
import { stacksText } from "../../../../packages/worker/src/stack-text.ts";
import { eventually } from "../../../support/eventually.ts";
import { begun, type PoolRecord, scriptedRun, startedPool, succeededWith } from "../../../support/executor-pool.ts";

/** Of the only executor, once it can tell: a child process can a second after its start. */
async function stackOf({ pool }: PoolRecord): Promise<readonly string[]> {
  let stack: readonly string[] | null = null;
  await eventually(async () => {
    stack = (await pool.stacks())[0]?.stack ?? null;
    expect(stack).not.toBeNull();
  });
  return stack ?? [];
}

describe.each(["process", "thread"] as const)("the stack of an executor (%s)", { timeout: 60_000 }, (kind) => {
  it("is that of user code which never gives way, and stops nothing", async () => {
    const record = await startedPool({ kind });
    // A task that comes before a process can tell could not be seen.
    expect(await stackOf(record)).toEqual([]);
    const deaf = scriptedRun({ do: "block", ms: 1_500 });
    const ending = record.pool.submit(deaf);
    await begun(record, deaf);
    // That it has begun is told a moment before its code is entered.
    const executor = await eventually(async () => {
      const [looked] = await record.pool.stacks();
      expect(looked?.stack?.join("\n")).toMatch(/^block \(.*scripted-execute\.[jt]s:\d+:\d+\)$/m);
      return looked;
    });
    expect(executor).toMatchObject({ pid: record.pool.stats().executors[0]?.pid, runs: [{ id: deaf.id, task: deaf.task }] });
    expect(executor?.runs[0]?.forMs).toBeGreaterThan(0);
    expect(executor?.stack?.join("\n")).not.toContain("executor.");
    expect(await ending).toMatchObject({ kind: "succeeded" });
  });

  it("is empty where it runs nothing, and where it waits", async () => {
    const record = await startedPool({ kind });
    expect(await stackOf(record)).toEqual([]);
    expect(await record.pool.stacks()).toMatchObject([{ runs: [], stack: [] }]);
    const waiting = scriptedRun({ do: "untilAborted" });
    const ending = record.pool.submit(waiting);
    await begun(record, waiting);
    const stacks = await record.pool.stacks();
    expect(stacks).toMatchObject([{ runs: [{ id: waiting.id }], stack: [] }]);
    record.pool.abort(waiting.id, "shutdown", "");
    await ending;
  });
});

it("the stack of an executor in this thread is empty: whoever asks is what it executes", async () => {
  const { pool } = await startedPool({ kind: "inline" });
  expect(await pool.stacks()).toEqual([{ pid: process.pid, runs: [], stack: [] }]);
});

it("asking for stacks, or SIGUSR1, opens no debugger's port in a child process", async () => {
  const record = await startedPool({ kind: "process" });
  await stackOf(record);
  process.kill(record.pool.stats().executors[0]?.pid as number, "SIGUSR1");
  expect(succeededWith(await record.pool.submit(scriptedRun({ do: "debugger" })))).toBeNull();
  expect(record.logs).toEqual([]);
});

it("stacks are told for people with what runs, and why there are none", () => {
  const run = { id: "id-1", task: "shop.add", forMs: 12_340 };
  expect(
    stacksText("w1@host", [
      { pid: 1, runs: [run], stack: ["spin (/app/tasks.ts:3:10)", "/app/tasks.ts:9:1"] },
      { pid: 2, runs: [run], stack: [] },
      { pid: 3, runs: [], stack: [] },
      { pid: 4, runs: [], stack: null },
    ]),
  ).toBe(
    [
      "w1@host: 4 executors",
      "process 1\n  shop.add id-1, for 12.3 s\n    spin (/app/tasks.ts:3:10)\n    /app/tasks.ts:9:1",
      "process 2\n  shop.add id-1, for 12.3 s\n    [waiting]",
      "process 3\n    [idle]",
      "process 4\n    [not told]",
    ].join("\n\n"),
  );
});
