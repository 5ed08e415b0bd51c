import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Ending } from "../../../../packages/core/src/run.ts";
import { begun, measureShort, scriptedPool, scriptedRun, short, startedPool, succeededWith } from "../../../support/executor-pool.ts";
import { lives } from "../../../support/lives.ts";

describe.each(["process", "thread", "inline"] as const)("the start and stop of a pool (%s)", { timeout: 60_000 }, (kind) => {
  it("lets what runs end when it stops, and hands back the rest", async () => {
    const record = await startedPool({ kind });
    await measureShort(record);
    const running = scriptedRun({ do: "wait", ms: 100 }, { task: short });
    const runningEnding = record.pool.submit(running);
    const rest = Array.from({ length: 5 }, () => record.pool.submit(scriptedRun({ do: "wait", ms: 100 }, { task: short })));
    const pids = record.pool.stats().executors.map(({ pid }) => pid);
    await begun(record, running);
    const stopped = record.pool.stop({ deadlineMs: 30_000 });
    expect(await record.pool.submit(scriptedRun({ do: "where" }))).toEqual({ kind: "handedBack" });
    expect(succeededWith(await runningEnding)).toBe(100);
    for (const ending of await Promise.all(rest)) expect(ending).toEqual({ kind: "handedBack" });
    await stopped;
    expect(record.pool.stats().executors).toEqual([]);
    if (kind === "process") for (const pid of pids) expect(lives(pid)).toBe(false);
  });

  it("refuses to start with the text of the error that user code threw", async () => {
    const { pool } = scriptedPool({ kind, executors: 2, app: "fails" });
    const waiting = pool.submit(scriptedRun({ do: "where" }));
    await expect(pool.start()).rejects.toMatchObject({
      code: "WORKER_STARTUP",
      message: expect.stringContaining("no luck on celery@test"),
    });
    expect(await waiting).toEqual({ kind: "handedBack" });
    expect(pool.stats().executors).toEqual([]);
    await pool.stop();
  });

  it("keeps its manners as a service, however start and stop meet", async () => {
    for (let round = 0; round < 4; round++) {
      const { pool } = scriptedPool({ kind });
      const waiting = pool.submit(scriptedRun({ do: "where" }));
      const starting = pool.start().then(
        () => "started",
        (error: { code?: string }) => error.code,
      );
      if (round === 1) await pool.stop();
      if (round === 2) await starting;
      if (round === 3) await pool.terminate();
      await Promise.all([pool.stop({ deadlineMs: 5_000 }), pool.stop(), pool.terminate()]);
      expect(await starting).toBe(round === 2 ? "started" : "SERVICE_STOPPED");
      expect(["handedBack", "succeeded"]).toContain((await waiting).kind);
      expect(pool.stats().executors).toEqual([]);
      await pool[Symbol.asyncDispose]();
    }
    const { pool: never } = scriptedPool({ kind });
    await never.stop();
    expect(await never.submit(scriptedRun({ do: "where" }))).toEqual({ kind: "handedBack" });
    await expect(never.start()).rejects.toMatchObject({ code: "SERVICE_STOPPED" });
  });
});

describe.each(["process", "thread"] as const)("the start and end of executors (%s)", { timeout: 60_000 }, (kind) => {
  it("aborts at the stop's deadline what still runs, then ends what does not heed it", async () => {
    const record = await startedPool({ kind, executors: 2 });
    const heeding = scriptedRun({ do: "untilAborted" });
    const deaf = scriptedRun({ do: "block", ms: null });
    const endings = [heeding, deaf].map((run) => record.pool.submit(run));
    await begun(record, heeding);
    await begun(record, deaf);
    // The second half of it is the time to heed the abort: enough on a busy machine.
    await record.pool.stop({ deadlineMs: 2_000 });
    const [first, second] = await Promise.all(endings);
    expect(succeededWith(first as Ending)).toEqual({ kind: "shutdown", message: "The worker stops" });
    expect(second).toEqual({ kind: "handedBack" });
  });

  it("delivers what had finished in an executor that is ended, though it was not read yet", async () => {
    const record = await startedPool({ kind });
    await measureShort(record);
    const path = join(mkdtempSync(join(tmpdir(), "celeriac-pool-")), "touched");
    const finished = scriptedRun({ do: "return", value: "kept" }, { task: short });
    const deaf = scriptedRun({ do: "touchAndBlock", path }, { task: short, timeLimitMs: 3_600_000 });
    const endings = [finished, deaf].map((run) => record.pool.submit(run));
    await new Promise((resolve) => setImmediate(resolve));
    // This thread must not give way before it terminates: only then the first outcome is still in the pipe.
    const until = performance.now() + 10_000;
    while (!existsSync(path) && performance.now() < until);
    await record.pool.terminate();
    expect(succeededWith((await endings[0]) as Ending)).toBe("kept");
    expect(await endings[1]).toEqual({ kind: "handedBack" });
    rmSync(dirname(path), { recursive: true });
  });

  it("hands back everything when it is terminated", async () => {
    const record = await startedPool({ kind });
    const running = scriptedRun({ do: "block", ms: null });
    const endings = [running, scriptedRun({ do: "where" })].map((run) => record.pool.submit(run));
    await begun(record, running);
    await record.pool.terminate();
    expect(await Promise.all(endings)).toEqual([{ kind: "handedBack" }, { kind: "handedBack" }]);
    expect(record.pool.stats().executors).toEqual([]);
  });

  it("refuses to start when its executors die before they are ready, after some attempts", async () => {
    const { pool } = scriptedPool({ kind, app: "dies" });
    await expect(pool.start()).rejects.toMatchObject({ code: "WORKER_STARTUP", message: expect.stringContaining("exit code 7") });
    expect(pool.stats().executors).toEqual([]);
    await pool.stop();
  });
});
