import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { silentLogger } from "@celeriac/core/runtime";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Script } from "../../../programs/scripted-execute.ts";
import { programPath } from "../../../support/built.ts";
import { eventually } from "../../../support/eventually.ts";
import { begun, measureShort, scriptedRun, short, startedPool, succeededWith } from "../../../support/executor-pool.ts";
import { lives } from "../../../support/lives.ts";

describe("a pool of child processes", { timeout: 60_000 }, () => {
  it("loses only what had begun when a child is killed from outside", async () => {
    const record = await startedPool({ kind: "process", executors: 2 });
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
    const record = await startedPool({ kind: "process" });
    await measureShort(record);
    const scripts: Script[] = [{ do: "huge", bytes: 1_000_000 }, { do: "die" }, { do: "where" }];
    const endings = scripts.map((script) => record.pool.submit(scriptedRun(script, { task: short })));
    expect((await Promise.all(endings)).map(({ kind }) => kind)).toEqual(["succeeded", "executorLost", "executorLost"]);
    const counted = scripts.map((script) => record.pool.submit(scriptedRun(script, { task: short, timeLimitMs: 60_000 })));
    expect((await Promise.all(counted)).map(({ kind }) => kind)).toEqual(["succeeded", "executorLost", "succeeded"]);
  });

  it("replaces a child that has run as many tasks as it may, and loses none that was queued in it", async () => {
    const record = await startedPool({ kind: "process", lifetime: { tasks: 25, memoryKb: null } });
    const wheres = Array.from({ length: 75 }, () => record.pool.submit(scriptedRun({ do: "where" }, { task: short })));
    const children = (await Promise.all(wheres)).map((ending) => (succeededWith(ending) as { readonly executor: number }).executor);
    const runs = new Map<number, number>();
    for (const child of children) runs.set(child, (runs.get(child) ?? 0) + 1);
    expect([...runs.values()]).toEqual([25, 25, 25]);
    expect(record.began).toHaveLength(75);
  });

  it("replaces a child that has grown too large", async () => {
    const record = await startedPool({ kind: "process", lifetime: { tasks: null, memoryKb: 1 } });
    const pids = [record.pool.submit(scriptedRun({ do: "where" })), record.pool.submit(scriptedRun({ do: "where" }))];
    const [first, second] = (await Promise.all(pids)).map((ending) => (succeededWith(ending) as { readonly executor: number }).executor);
    expect(second).not.toBe(first);
  });

  it("gives each child the heap it was told", async () => {
    const limits: number[] = [];
    for (const heapMb of [100, 300]) {
      const { pool } = await startedPool({ kind: "process", heapMb });
      limits.push(succeededWith(await pool.submit(scriptedRun({ do: "heapLimit" }))) as number);
    }
    // What V8 keeps beside the old space comes on top, alike for both.
    expect(limits[1]! - limits[0]!).toBe(200);
  });

  it("turns what is printed past Node's streams into log lines", async () => {
    const record = await startedPool({ kind: "process" });
    await record.pool.submit(scriptedRun({ do: "printRaw", text: "from afar\n" }));
    await eventually(() => expect(record.logs).toMatchObject([{ level: "info", message: "from afar" }]));
  });

  it("does not let signals meant for the whole group reach user code", async () => {
    const record = await startedPool({ kind: "process" });
    const run = scriptedRun({ do: "untilAborted" });
    const ending = record.pool.submit(run);
    await begun(record, run);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(record.began[0]?.pid as number, signal);
    expect(await Promise.race([ending, record.pool.submit(scriptedRun({ do: "where" })), Promise.resolve("running")])).toBe("running");
    record.pool.abort(run.id, "shutdown", "");
    expect(succeededWith(await ending)).toEqual({ kind: "shutdown", message: "" });
  });

  it("hands back what waits while no executor can be replaced, and goes on when one can", async () => {
    const folder = mkdtempSync(join(tmpdir(), "celeriac-pool-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const marker = join(folder, "broken");
    const told: string[] = [];
    const logger = { ...silentLogger, error: (message: string) => void told.push(message) };
    const record = await startedPool({ kind: "process", app: `dies while there is ${marker}`, logger });
    writeFileSync(marker, "");
    const lost = record.pool.submit(scriptedRun({ do: "exit", code: 1 }));
    const waiting = record.pool.submit(scriptedRun({ do: "where" }));
    expect(await lost).toMatchObject({ kind: "executorLost" });
    expect(await waiting).toEqual({ kind: "handedBack" });
    expect(record.pool.demand).toBe(0);
    // Three attempts at least went wrong by then.
    expect(told).toEqual(["Executor lost", "Executor could not start"]);
    rmSync(marker);
    await eventually(() => expect(record.pool.demand).toBe(1));
    expect(await record.pool.submit(scriptedRun({ do: "where" }))).toMatchObject({ kind: "succeeded" });
  });

  it("tells of a rejection nobody handled, and no run pays for it", async () => {
    const record = await startedPool({ kind: "process" });
    expect(await record.pool.submit(scriptedRun({ do: "rejectUnseen", message: "forgotten" }))).toMatchObject({ kind: "succeeded" });
    await eventually(() => expect(record.logs).toMatchObject([{ id: null, level: "error", fields: { reason: "forgotten" } }]));
    expect(record.pool.stats().executors[0]?.pid).toBe(record.began[0]?.pid);
  });

  it.each(["kernel", "watch"])("leaves no child behind when its process is killed, even one that computes (%s)", async (tie) => {
    const run = scriptedRun({ do: "block", ms: null });
    const args = [programPath("orphans"), tie, JSON.stringify({ ...run, body: Buffer.from(run.body).toString() })];
    const parent = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: parent.stdout });
    const [line] = (await once(lines, "line")) as [string];
    const pids = JSON.parse(line) as number[];
    expect(pids).toHaveLength(2);
    expect(pids.every(lives)).toBe(true);
    parent.kill("SIGKILL");
    await eventually(() => expect(pids.filter(lives)).toEqual([]));
  });
});
