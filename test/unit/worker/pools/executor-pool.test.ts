import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { processEntry } from "@celeriac/core/runtime";
import { afterEach, describe, expect, it } from "vitest";
import type { Ending, Run } from "../../../../packages/worker/src/run.ts";
import { eventually } from "../../../support/eventually.ts";
import { type PoolRecord, type ScriptedOptions, scriptedPool, scriptedRun, succeededWith } from "../../../support/executor-pool.ts";
import type { Script } from "../../../support/scripted-execute.ts";

const open: PoolRecord[] = [];

/** A pool that has started and is ended after the test. */
async function started(options: ScriptedOptions): Promise<PoolRecord> {
  const record = scriptedPool(options);
  open.push(record);
  await record.pool.start();
  return record;
}

function begun(record: PoolRecord, run: Run): Promise<void> {
  return eventually(() => expect(record.began.map(({ id }) => id)).toContain(run.id));
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const short = "scripted.short";

/** Lets the pool learn that runs of the task `short` are short, so that several wait in one executor. */
async function measureShort({ pool }: PoolRecord): Promise<void> {
  for (let count = 0; count < 5; count++) await pool.submit(scriptedRun({ do: "where" }, { task: short }));
}

afterEach(async () => {
  await Promise.all(open.splice(0).map(({ pool }) => pool.terminate()));
});

describe.each(["process", "thread"] as const)("a pool of executors (%s)", { timeout: 60_000 }, (kind) => {
  it("gives each run its ending, with value, children and publications", async () => {
    const { pool } = await started({ kind });
    expect(succeededWith(await pool.submit(scriptedRun({ do: "return", value: { a: ["é"] } })))).toEqual({ a: ["é"] });
    const run = scriptedRun({ do: "publish" });
    const ending = await pool.submit(run);
    expect(ending).toMatchObject({ kind: "succeeded", value: '"é"', children: [["child"]] });
    const bodies = ending.kind === "succeeded" ? ending.publish.map((one) => Buffer.from(one.envelope.body)) : [];
    expect(bodies).toEqual([Buffer.from(run.body), Buffer.from([1, 0, 255])]);
    expect(await pool.submit(scriptedRun({ do: "end", ending: { kind: "rejected", requeue: true, reason: "no" } }))).toEqual({
      kind: "rejected",
      requeue: true,
      reason: "no",
    });
  });

  it("passes values and bodies of many megabytes", async () => {
    const { pool } = await started({ kind });
    const ending = await pool.submit(scriptedRun({ do: "huge", bytes: 20_000_000 }));
    expect(ending.kind === "succeeded" && ending.value.length).toBe(20_000_002);
    const long = "é".repeat(5_000_000);
    expect(succeededWith(await pool.submit(scriptedRun({ do: "return", value: long })))).toBe(long);
  });

  it("spreads runs over its executors and their slots", async () => {
    const record = await started({ kind, executors: 2, slots: 2 });
    expect(record.pool.capacity).toBe(4);
    const runs = [0, 1, 2, 3].map(() => scriptedRun({ do: "untilAborted" }));
    const fifth = scriptedRun({ do: "untilAborted" });
    const endings = [...runs, fifth].map((run) => record.pool.submit(run));
    for (const run of runs) await begun(record, run);
    expect(record.pool.stats().executors.map(({ running }) => running.length)).toEqual([2, 2]);
    expect(record.began.map(({ id }) => id)).not.toContain(fifth.id);
    record.pool.abort(runs[0]?.id ?? "", "aborted", "enough");
    await begun(record, fifth);
    record.pool.abortAll("aborted", "all of you");
    expect((await Promise.all(endings)).map(succeededWith)).toEqual([
      { kind: "aborted", message: "enough" },
      ...Array(4).fill({ kind: "aborted", message: "all of you" }),
    ]);
  });

  it("tells when a run begins, where, and before it ends", async () => {
    const record = await started({ kind });
    const run = scriptedRun({ do: "return", value: 1 });
    const order: string[] = [];
    await record.pool.submit(run).then(() => order.push(...record.began.map(({ id }) => id), "ended"));
    expect(order).toEqual([run.id, "ended"]);
    expect(record.began[0]?.pid).toBe(record.pool.stats().executors[0]?.pid);
    expect(record.began[0]?.pid === process.pid).toBe(kind === "thread");
  });

  it("passes on states, log lines and what is printed, with the run they belong to", async () => {
    const record = await started({ kind });
    const runs = (
      [
        { do: "progress", states: ["A", "B"] },
        { do: "log", message: "hello" },
        { do: "print", stream: "stdout", text: "one\ntwo é\n" },
        { do: "print", stream: "stderr", text: "oops\n" },
      ] satisfies Script[]
    ).map((script) => scriptedRun(script));
    for (const run of runs) await record.pool.submit(run);
    const [progress, log, out, err] = runs.map(({ id }) => id);
    expect(record.states).toEqual([
      { id: progress, state: "A", meta: '{"state":"A"}' },
      { id: progress, state: "B", meta: '{"state":"B"}' },
    ]);
    expect(record.logs).toEqual([
      { id: log, level: "info", message: "hello", fields: { from: "scripted" } },
      { id: out, level: "info", message: "one", fields: { stream: "stdout" } },
      { id: out, level: "info", message: "two é", fields: { stream: "stdout" } },
      { id: err, level: "warn", message: "oops", fields: { stream: "stderr" } },
    ]);
  });

  it("reports an Execute that rejects as a lost executor, and goes on", async () => {
    const record = await started({ kind });
    const ending = await record.pool.submit(scriptedRun({ do: "reject", message: "a bug" }));
    expect(ending).toEqual({ kind: "executorLost", reason: "The executor failed: a bug", begun: true });
    expect(record.logs.map(({ level }) => level)).toEqual(["error"]);
    const before = record.pool.stats().executors[0]?.pid;
    await record.pool.submit(scriptedRun({ do: "where" }));
    expect(record.pool.stats().executors[0]?.pid).toBe(before);
  });

  it("ends the run that ended its executor as lost, and replaces the executor", async () => {
    const record = await started({ kind });
    const lost = record.pool.submit(scriptedRun({ do: "exit", code: 3 }));
    const next = record.pool.submit(scriptedRun({ do: "where" }));
    expect(await lost).toMatchObject({ kind: "executorLost", begun: true, reason: expect.stringContaining("exit code 3") });
    expect(await next).toMatchObject({ kind: "succeeded" });
  });

  it("sends runs that had not begun in a lost executor to another", async () => {
    const record = await started({ kind });
    await measureShort(record);
    const exit = record.pool.submit(scriptedRun({ do: "exit", code: 1 }, { task: short }));
    const rest = Array.from({ length: 20 }, () => record.pool.submit(scriptedRun({ do: "where" }, { task: short })));
    expect(await exit).toMatchObject({ kind: "executorLost", begun: true });
    expect(new Set((await Promise.all(rest)).map(({ kind }) => kind))).toEqual(new Set(["succeeded"]));
  });

  it("ends a run at its hard time limit even if it never gives way, and hands back those that shared its executor", async () => {
    const record = await started({ kind, slots: 2 });
    const neighbour = scriptedRun({ do: "untilAborted" });
    const neighbourEnding = record.pool.submit(neighbour);
    await begun(record, neighbour);
    const late = record.pool.submit(scriptedRun({ do: "block", ms: null }, { timeLimitMs: 100 }));
    expect(await late).toEqual({ kind: "timedOut", limitMs: 100 });
    expect(await neighbourEnding).toEqual({ kind: "handedBack" });
    expect(await record.pool.submit(scriptedRun({ do: "where" }))).toMatchObject({ kind: "succeeded" });
  });

  it("aborts a run at its soft time limit", async () => {
    const { pool } = await started({ kind });
    const ending = await pool.submit(scriptedRun({ do: "untilAborted" }, { softTimeLimitMs: 50, timeLimitMs: 60_000 }));
    expect(succeededWith(ending)).toEqual({ kind: "softTimeLimit", message: "The soft time limit of 50 ms is over" });
  });

  it("hands back a run that is aborted before it began, and knows no others", async () => {
    const record = await started({ kind });
    const first = scriptedRun({ do: "untilAborted" });
    const second = scriptedRun({ do: "where" });
    const endings = [first, second].map((run) => record.pool.submit(run));
    await begun(record, first);
    expect(record.pool.abort(second.id, "revoked", "no longer")).toBe(true);
    expect(await endings[1]).toEqual({ kind: "handedBack" });
    expect(record.pool.abort("never seen", "revoked", "")).toBe(false);
    record.pool.abort(first.id, "revoked", "you too");
    expect(succeededWith((await endings[0]) as Ending)).toEqual({ kind: "revoked", message: "you too" });
    expect(record.began.map(({ id }) => id)).toEqual([first.id]);
  });

  it("runs a suspect alone in an empty executor", async () => {
    const record = await started({ kind, slots: 3 });
    const before = scriptedRun({ do: "untilAborted" });
    const suspect = scriptedRun({ do: "untilAborted" }, { deliveries: 1 });
    const after = scriptedRun({ do: "where" });
    const endings = [before, suspect, after].map((run) => record.pool.submit(run));
    await begun(record, before);
    expect(record.pool.stats().executors).toMatchObject([{ running: [before.id], queued: 0 }]);
    record.pool.abort(before.id, "aborted", "");
    await begun(record, suspect);
    expect(record.pool.stats().executors).toMatchObject([{ running: [suspect.id], queued: 0 }]);
    record.pool.abort(suspect.id, "aborted", "");
    expect((await Promise.all(endings)).map((ending) => ending.kind)).toEqual(["succeeded", "succeeded", "succeeded"]);
    expect(record.began.map(({ id }) => id)).toEqual([before.id, suspect.id, after.id]);
  });

  it("takes back what waits behind a run that takes longer than expected", async () => {
    const record = await started({ kind, executors: 2 });
    await measureShort(record);
    const long = scriptedRun({ do: "untilAborted" }, { task: short });
    const longEnding = record.pool.submit(long);
    const ahead = Array.from({ length: 40 }, () => record.pool.submit(scriptedRun({ do: "where" }, { task: short })));
    // All of them end although one executor stays occupied.
    expect((await Promise.all(ahead)).every(({ kind }) => kind === "succeeded")).toBe(true);
    expect(record.pool.stats().executors.flatMap(({ running }) => running)).toEqual([long.id]);
    record.pool.abort(long.id, "aborted", "");
    await longEnding;
  });

  it("wants more runs than it has slots while they are short, and no more when they are long", async () => {
    const { pool } = await started({ kind });
    let told = 0;
    pool.onDemand(() => void told++);
    expect(pool.demand).toBe(1);
    for (let count = 0; count < 20; count++) await pool.submit(scriptedRun({ do: "where" }));
    expect(pool.demand).toBeGreaterThan(1);
    expect(told).toBeGreaterThan(0);
    const before = told;
    for (let count = 0; count < 3; count++) await pool.submit(scriptedRun({ do: "wait", ms: 60 }));
    expect(pool.demand).toBe(1);
    expect(told).toBeGreaterThan(before);
  });

  it("lets what runs end when it stops, and hands back the rest", async () => {
    const record = await started({ kind });
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

  it("aborts at the stop's deadline what still runs, then ends what does not heed it", async () => {
    const record = await started({ kind, executors: 2 });
    const heeding = scriptedRun({ do: "untilAborted" });
    const deaf = scriptedRun({ do: "block", ms: null });
    const endings = [heeding, deaf].map((run) => record.pool.submit(run));
    await begun(record, heeding);
    await begun(record, deaf);
    await record.pool.stop({ deadlineMs: 50 });
    const [first, second] = await Promise.all(endings);
    expect(succeededWith(first as Ending)).toEqual({ kind: "shutdown", message: "The worker stops" });
    expect(second).toEqual({ kind: "handedBack" });
  });

  it("delivers what had finished in an executor that is ended, though it was not read yet", async () => {
    const record = await started({ kind });
    await measureShort(record);
    const path = join(mkdtempSync(join(tmpdir(), "celeriac-pool-")), "touched");
    const finished = scriptedRun({ do: "return", value: "kept" }, { task: short });
    const deaf = scriptedRun({ do: "touchAndBlock", path }, { task: short, timeLimitMs: 3_600_000 });
    const endings = [finished, deaf].map((run) => record.pool.submit(run));
    await new Promise((resolve) => setImmediate(resolve));
    // This thread must not give way before it terminates: only then the first outcome is still in the pipe.
    while (!existsSync(path));
    await record.pool.terminate();
    expect(succeededWith((await endings[0]) as Ending)).toBe("kept");
    expect(await endings[1]).toEqual({ kind: "handedBack" });
    rmSync(dirname(path), { recursive: true });
  });

  it("hands back everything when it is terminated", async () => {
    const record = await started({ kind });
    const running = scriptedRun({ do: "block", ms: null });
    const endings = [running, scriptedRun({ do: "where" })].map((run) => record.pool.submit(run));
    await begun(record, running);
    await record.pool.terminate();
    expect(await Promise.all(endings)).toEqual([{ kind: "handedBack" }, { kind: "handedBack" }]);
    expect(record.pool.stats().executors).toEqual([]);
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

  it("refuses to start when its executors die before they are ready, after some attempts", async () => {
    const { pool } = scriptedPool({ kind, app: "dies" });
    await expect(pool.start()).rejects.toMatchObject({ code: "WORKER_STARTUP", message: expect.stringContaining("exit code 7") });
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

describe("a pool of child processes", { timeout: 60_000 }, () => {
  it("loses only what had begun when a child is killed from outside", async () => {
    const record = await started({ kind: "process", executors: 2 });
    const run = scriptedRun({ do: "untilAborted" });
    const ending = record.pool.submit(run);
    await begun(record, run);
    const pid = record.began[0]?.pid as number;
    process.kill(pid, "SIGKILL");
    expect(await ending).toMatchObject({ kind: "executorLost", begun: true, reason: expect.stringContaining("SIGKILL") });
    await eventually(() => expect(record.pool.stats().executors.filter((one) => one.pid !== pid && one.pid > 0)).toHaveLength(2));
    expect(await record.pool.submit(scriptedRun({ do: "where" }))).toMatchObject({ kind: "succeeded" });
  });

  it("keeps the outcomes that a child had reached before it was killed", async () => {
    const record = await started({ kind: "process" });
    await measureShort(record);
    const scripts: Script[] = [{ do: "huge", bytes: 1_000_000 }, { do: "die" }, { do: "where" }];
    const endings = scripts.map((script) => record.pool.submit(scriptedRun(script, { task: short })));
    expect((await Promise.all(endings)).map(({ kind }) => kind)).toEqual(["succeeded", "executorLost", "executorLost"]);
    const counted = scripts.map((script) => record.pool.submit(scriptedRun(script, { task: short, timeLimitMs: 60_000 })));
    expect((await Promise.all(counted)).map(({ kind }) => kind)).toEqual(["succeeded", "executorLost", "succeeded"]);
  });

  it("turns what is printed past Node's streams into log lines", async () => {
    const record = await started({ kind: "process" });
    await record.pool.submit(scriptedRun({ do: "printRaw", text: "from afar\n" }));
    await eventually(() => expect(record.logs).toMatchObject([{ level: "info", message: "from afar" }]));
  });

  it("does not let signals meant for the whole group reach user code", async () => {
    const record = await started({ kind: "process" });
    const run = scriptedRun({ do: "untilAborted" });
    const ending = record.pool.submit(run);
    await begun(record, run);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(record.began[0]?.pid as number, signal);
    expect(await Promise.race([ending, record.pool.submit(scriptedRun({ do: "where" })), Promise.resolve("running")])).toBe("running");
    record.pool.abort(run.id, "aborted", "");
    expect(succeededWith(await ending)).toEqual({ kind: "aborted", message: "" });
  });

  it.each(["kernel", "watch"])("leaves no child behind when its process is killed, even one that computes (%s)", async (tie) => {
    const { execArgv } = processEntry(new URL("../../../support/orphans.ts", import.meta.url).href, "./orphans");
    const script = new URL("../../../support/orphans.ts", import.meta.url).pathname;
    const parent = spawn(process.execPath, [...execArgv, script, tie], { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: parent.stdout });
    const [line] = (await once(lines, "line")) as [string];
    const pids = JSON.parse(line) as number[];
    expect(pids).toHaveLength(2);
    expect(pids.every(lives)).toBe(true);
    parent.kill("SIGKILL");
    await eventually(() => expect(pids.filter(lives)).toEqual([]));
  });
});
