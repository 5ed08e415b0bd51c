import { describe, expect, it } from "vitest";
import type { Ending, Run } from "../../../../packages/core/src/run.ts";
import { begun, measureShort, scriptedRun, short, startedPool, succeededWith } from "../../../support/executor-pool.ts";

describe.each(["process", "thread", "inline"] as const)("a pool (%s)", { timeout: 60_000 }, (kind) => {
  it("gives each run its ending, with value, children and publications", async () => {
    const { pool } = await startedPool({ kind });
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
    const { pool } = await startedPool({ kind });
    const ending = await pool.submit(scriptedRun({ do: "huge", bytes: 20_000_000 }));
    expect(ending.kind === "succeeded" && ending.value.length).toBe(20_000_002);
    const long = "é".repeat(5_000_000);
    expect(succeededWith(await pool.submit(scriptedRun({ do: "return", value: long })))).toBe(long);
  });

  it("tells when a run begins, where, and before it ends", async () => {
    const record = await startedPool({ kind });
    const run = scriptedRun({ do: "return", value: 1 });
    const order: string[] = [];
    await record.pool.submit(run).then(() => order.push(...record.began.map(({ id }) => id), "ended"));
    expect(order).toEqual([run.id, "ended"]);
    expect(record.began[0]?.pid).toBe(record.pool.stats().executors[0]?.pid);
    expect(record.began[0]?.pid === process.pid).toBe(kind !== "process");
  });

  it("passes on states and log lines with the run they belong to", async () => {
    const record = await startedPool({ kind });
    const [progress, log] = [scriptedRun({ do: "progress", states: ["A", "B"] }), scriptedRun({ do: "log", message: "hello" })];
    for (const run of [progress, log]) await record.pool.submit(run);
    expect(record.states).toEqual([
      { id: progress.id, state: "A", meta: '{"state":"A"}' },
      { id: progress.id, state: "B", meta: '{"state":"B"}' },
    ]);
    expect(record.logs).toEqual([{ id: log.id, level: "info", message: "hello", fields: { from: "scripted" } }]);
  });

  it("reports an Execute that rejects as a lost executor, and goes on", async () => {
    const record = await startedPool({ kind });
    const ending = await record.pool.submit(scriptedRun({ do: "reject", message: "a bug" }));
    expect(ending).toEqual({ kind: "executorLost", reason: "The executor failed: a bug", begun: true });
    expect(record.logs.map(({ level }) => level)).toEqual(["error"]);
    const before = record.pool.stats().executors[0]?.pid;
    await record.pool.submit(scriptedRun({ do: "where" }));
    expect(record.pool.stats().executors[0]?.pid).toBe(before);
  });

  it("aborts a run at its soft time limit", async () => {
    const { pool } = await startedPool({ kind });
    const ending = await pool.submit(scriptedRun({ do: "untilAborted" }, { softTimeLimitMs: 50, timeLimitMs: 60_000 }));
    expect(succeededWith(ending)).toEqual({ kind: "softTimeLimit", message: "The soft time limit of 50 ms is over" });
  });

  it("hands back a run that is aborted before it began, and knows no others", async () => {
    const record = await startedPool({ kind });
    const first = scriptedRun({ do: "untilAborted" });
    const second = scriptedRun({ do: "where" });
    const endings = [first, second].map((run) => record.pool.submit(run));
    await begun(record, first);
    expect(record.pool.abort(second.id, "claimLost", "no longer")).toBe(true);
    expect(await endings[1]).toEqual({ kind: "handedBack" });
    expect(record.pool.abort("never seen", "claimLost", "")).toBe(false);
    record.pool.abort(first.id, "claimLost", "you too");
    expect(succeededWith((await endings[0]) as Ending)).toEqual({ kind: "claimLost", message: "you too" });
    expect(record.began.map(({ id }) => id)).toEqual([first.id]);
  });

  it("takes back what has not begun, wherever it waits, and leaves alone what runs", async () => {
    const record = await startedPool({ kind });
    await measureShort(record);
    const [first, sent, waiting] = [{ task: short }, { task: short }, { deliveries: 1 }].map((changes) =>
      scriptedRun({ do: "untilAborted" }, changes),
    ) as [Run, Run, Run];
    const endings = [first, sent, waiting].map((run) => record.pool.submit(run));
    await begun(record, first);
    for (const { id } of [first, sent, waiting]) record.pool.takeBack(id);
    expect(await Promise.all(endings.slice(1))).toEqual([{ kind: "handedBack" }, { kind: "handedBack" }]);
    record.pool.abort(first.id, "aborted", "enough");
    expect(succeededWith((await endings[0]) as Ending)).toEqual({ kind: "aborted", message: "enough" });
  });

  it("runs a suspect alone in an empty executor", async () => {
    const record = await startedPool({ kind });
    await measureShort(record);
    const [before, suspect, after] = [{}, { deliveries: 1 }, {}].map((changes) =>
      scriptedRun({ do: "untilAborted" }, { task: short, ...changes }),
    ) as [Run, Run, Run];
    const endings = [before, suspect, after].map((run) => record.pool.submit(run));
    for (const run of [before, suspect, after]) {
      await begun(record, run);
      expect(record.pool.stats().executors).toMatchObject([{ running: [run.id], queued: 0 }]);
      record.pool.abort(run.id, "shutdown", "");
    }
    expect((await Promise.all(endings)).map(({ kind }) => kind)).toEqual(["succeeded", "succeeded", "succeeded"]);
  });

  it("wants more runs than it has slots while they are short, and no more when they are long", async () => {
    const { pool } = await startedPool({ kind });
    let told = 0;
    pool.onDemand(() => void told++);
    expect(pool.demand).toBe(1);
    while (pool.demand === 1) await pool.submit(scriptedRun({ do: "where" }));
    expect(pool.demand).toBeGreaterThan(1);
    expect(told).toBeGreaterThan(0);
    const before = told;
    for (let count = 0; count < 3; count++) await pool.submit(scriptedRun({ do: "wait", ms: 60 }));
    expect(pool.demand).toBe(1);
    expect(told).toBeGreaterThan(before);
  });
});

describe.each(["process", "thread"] as const)("a pool of executors (%s)", { timeout: 60_000 }, (kind) => {
  it("spreads runs over its executors and their slots", async () => {
    const record = await startedPool({ kind, executors: 2, slots: 2 });
    expect(record.pool.capacity).toBe(4);
    const runs = [0, 1, 2, 3].map(() => scriptedRun({ do: "untilAborted" }));
    const fifth = scriptedRun({ do: "untilAborted" });
    const endings = [...runs, fifth].map((run) => record.pool.submit(run));
    for (const run of runs) await begun(record, run);
    expect(record.pool.stats().executors.map(({ running }) => running.length)).toEqual([2, 2]);
    expect(record.began.map(({ id }) => id)).not.toContain(fifth.id);
    record.pool.abort(runs[0]?.id ?? "", "shutdown", "enough");
    await begun(record, fifth);
    record.pool.abortAll("shutdown", "all of you");
    expect((await Promise.all(endings)).map(succeededWith)).toEqual([
      { kind: "shutdown", message: "enough" },
      ...Array(4).fill({ kind: "shutdown", message: "all of you" }),
    ]);
  });

  it("passes on what is printed, with the run it belongs to", async () => {
    const record = await startedPool({ kind });
    const [out, err] = [
      scriptedRun({ do: "print", stream: "stdout", text: "one\ntwo é\n" }),
      scriptedRun({ do: "print", stream: "stderr", text: "oops\n" }),
    ];
    for (const run of [out, err]) await record.pool.submit(run);
    expect(record.logs).toEqual([
      { id: out.id, level: "info", message: "one", fields: { stream: "stdout" } },
      { id: out.id, level: "info", message: "two é", fields: { stream: "stdout" } },
      { id: err.id, level: "warn", message: "oops", fields: { stream: "stderr" } },
    ]);
  });

  it("ends the run that ended its executor as lost, and replaces the executor", async () => {
    const record = await startedPool({ kind });
    const lost = record.pool.submit(scriptedRun({ do: "exit", code: 3 }));
    const next = record.pool.submit(scriptedRun({ do: "where" }));
    expect(await lost).toMatchObject({ kind: "executorLost", begun: true, reason: expect.stringContaining("exit code 3") });
    expect(await next).toMatchObject({ kind: "succeeded" });
  });

  it("sends runs that had not begun in a lost executor to another", async () => {
    const record = await startedPool({ kind });
    await measureShort(record);
    const exit = record.pool.submit(scriptedRun({ do: "exit", code: 1 }, { task: short }));
    const rest = Array.from({ length: 20 }, () => record.pool.submit(scriptedRun({ do: "where" }, { task: short })));
    expect(await exit).toMatchObject({ kind: "executorLost", begun: true });
    expect(new Set((await Promise.all(rest)).map(({ kind }) => kind))).toEqual(new Set(["succeeded"]));
  });

  it("ends a run at its hard time limit even if it never gives way, and hands back those that shared its executor", async () => {
    const record = await startedPool({ kind, slots: 2 });
    const neighbour = scriptedRun({ do: "untilAborted" });
    const neighbourEnding = record.pool.submit(neighbour);
    await begun(record, neighbour);
    const late = record.pool.submit(scriptedRun({ do: "block", ms: null }, { timeLimitMs: 100 }));
    expect(await late).toEqual({ kind: "timedOut", limitMs: 100 });
    expect(await neighbourEnding).toEqual({ kind: "handedBack" });
    expect(await record.pool.submit(scriptedRun({ do: "where" }))).toMatchObject({ kind: "succeeded" });
  });

  it("gives a suspect an executor of its own where runs share one, and others go on", async () => {
    const record = await startedPool({ kind, slots: 3 });
    const [before, suspect, after] = [{}, { deliveries: 1 }, {}].map((changes) => scriptedRun({ do: "untilAborted" }, changes)) as [
      Run,
      Run,
      Run,
    ];
    const endings = [before, suspect, after].map((run) => record.pool.submit(run));
    for (const run of [before, suspect, after]) await begun(record, run);
    expect(record.pool.stats()).toMatchObject({ capacity: 3, executors: [{ running: [before.id, after.id] }, { running: [suspect.id] }] });
    expect(record.pool.demand).toBe(3);
    record.pool.abortAll("shutdown", "");
    expect((await Promise.all(endings)).map(({ kind }) => kind)).toEqual(["succeeded", "succeeded", "succeeded"]);
  });

  it("takes back what waits behind a run that takes longer than expected", async () => {
    const record = await startedPool({ kind, executors: 2 });
    await measureShort(record);
    const long = scriptedRun({ do: "untilAborted" }, { task: short });
    const longEnding = record.pool.submit(long);
    const ahead = Array.from({ length: 40 }, () => record.pool.submit(scriptedRun({ do: "where" }, { task: short })));
    // All of them end although one executor stays occupied.
    expect((await Promise.all(ahead)).every(({ kind }) => kind === "succeeded")).toBe(true);
    await begun(record, long);
    expect(record.pool.stats().executors.flatMap(({ running }) => running)).toEqual([long.id]);
    record.pool.abort(long.id, "shutdown", "");
    await longEnding;
  });
});
