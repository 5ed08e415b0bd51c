/** A pool whose executors are replaced one after the other, so that user code is loaded anew. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Run } from "../../../../packages/core/src/run.ts";
import { begun, type PoolRecord, scriptedRun, startedPool, succeededWith } from "../../../support/executor-pool.ts";

async function executorOf({ pool }: PoolRecord): Promise<unknown> {
  return (succeededWith(await pool.submit(scriptedRun({ do: "where" }))) as { readonly executor: unknown }).executor;
}

/** The process or thread of each of `count` executors. */
async function executorsOf(record: PoolRecord, count: number): Promise<Set<unknown>> {
  const seen = new Set<unknown>();
  while (seen.size < count) for (const one of await Promise.all([executorOf(record), executorOf(record)])) seen.add(one);
  return seen;
}

function createMarker(): string {
  const folder = mkdtempSync(join(tmpdir(), "celeriac-restart-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "broken");
}

describe.each(["process", "thread"] as const)("a restart of a pool (%s)", { timeout: 60_000 }, (kind) => {
  it("replaces every executor, and loses or repeats no run", async () => {
    const record = await startedPool({ kind, executors: 2 });
    const before = await executorsOf(record, 2);
    const runs = Array.from({ length: 200 }, () => scriptedRun({ do: "where" }));
    const endings = runs.map((run) => record.pool.submit(run));
    await record.pool.restart();
    expect(new Set((await Promise.all(endings)).map(({ kind }) => kind))).toEqual(new Set(["succeeded"]));
    expect(new Set(record.began.map(({ id }) => id)).size).toBe(record.began.length);
    const after = await executorsOf(record, 2);
    expect([...after].filter((one) => before.has(one))).toEqual([]);
    expect(record.pool.stats().executors).toHaveLength(2);
  });

  it("waits for what runs, and never runs more at once than before", async () => {
    const record = await startedPool({ kind });
    const [running, next] = [scriptedRun({ do: "untilAborted" }), scriptedRun({ do: "untilAborted" })] as [Run, Run];
    const runningEnding = record.pool.submit(running);
    await begun(record, running);
    let restarted = false;
    const restarts = [record.pool.restart(), record.pool.restart()].map((one) =>
      one.then(() => {
        restarted = true;
      }),
    );
    const nextEnding = record.pool.submit(next);
    // It has loaded the code anew when it can say so, and still takes nothing.
    await expect.poll(() => record.pool.stats().executors.length).toBe(2);
    expect([restarted, record.pool.demand, record.began.length]).toEqual([false, 1, 1]);
    record.pool.abort(running.id, "shutdown", "");
    expect(await runningEnding).toMatchObject({ kind: "succeeded" });
    await begun(record, next);
    record.pool.abort(next.id, "shutdown", "");
    await Promise.all([nextEnding, ...restarts]);
    expect(record.pool.stats().executors).toHaveLength(1);
  });

  it("stops at code that cannot be loaded, and goes on with the old", async () => {
    const marker = createMarker();
    const record = await startedPool({ kind, executors: 2, app: `dies while there is ${marker}` });
    const before = await executorsOf(record, 2);
    writeFileSync(marker, "");
    await expect(record.pool.restart()).rejects.toMatchObject({ code: "WORKER_STARTUP", message: expect.stringContaining("exit code 8") });
    expect(await executorsOf(record, 2)).toEqual(before);
    rmSync(marker);
    await record.pool.restart();
    expect([...(await executorsOf(record, 2))].filter((one) => before.has(one))).toEqual([]);
  });

  it("ends with the pool", async () => {
    const record = await startedPool({ kind, executors: 2 });
    const run = scriptedRun({ do: "untilAborted" });
    const ending = record.pool.submit(run);
    await begun(record, run);
    const restart = record.pool.restart();
    await Promise.all([expect(restart).rejects.toMatchObject({ code: "SERVICE_STOPPED" }), record.pool.stop({ deadlineMs: 10 })]);
    // Half of the ten milliseconds is its time to heed the abort: it may be handed back as well.
    expect((await ending).kind).toMatch(/^(succeeded|handedBack)$/);
    expect(record.pool.stats().executors).toEqual([]);
  });

  it("goes well with a change of its size", async () => {
    const record = await startedPool({ kind, executors: 2 });
    const before = await executorsOf(record, 2);
    const restart = record.pool.restart();
    record.pool.resize(3);
    record.pool.resize(1);
    await restart;
    await expect.poll(() => record.pool.stats().executors.length).toBe(1);
    expect(before.has(await executorOf(record))).toBe(false);
  });
});

it("a restart is refused inline, where code cannot be loaded anew", async () => {
  const { pool } = await startedPool({ kind: "inline" });
  await expect(pool.restart()).rejects.toMatchObject({ code: "POOL_UNSUPPORTED" });
});
