/** One running task ended from outside, in every pool. */
import { describe, expect, it } from "vitest";
import { endProcess } from "../../../../packages/worker/src/pools/end-process.ts";
import { FrameReader, frameKind } from "../../../../packages/worker/src/pools/frames.ts";
import { begun, measureShort, scriptedRun, short, startedPool, succeededWith } from "../../../support/executor-pool.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

describe.each(["process", "thread"] as const)("terminating a run (%s)", { timeout: 60_000 }, (kind) => {
  it("ends it even if it never gives way, hands back those that shared its executor, and goes on", async () => {
    const record = await startedPool({ kind, slots: 2 });
    const [neighbour, deaf] = [scriptedRun({ do: "untilAborted" }), scriptedRun({ do: "block", ms: null })];
    const endings: Promise<unknown>[] = [];
    for (const run of [neighbour, deaf]) {
      endings.push(record.pool.submit(run));
      await begun(record, run);
    }
    expect(record.pool.terminateRun("never seen")).toBe(false);
    expect(record.pool.terminateRun(deaf.id)).toBe(true);
    expect(await Promise.all(endings)).toEqual([{ kind: "handedBack" }, { kind: "terminated", signal: "SIGTERM" }]);
    expect(await record.pool.submit(scriptedRun({ do: "where" }))).toMatchObject({ kind: "succeeded" });
  });

  it("ends at once what waits, when it is sent SIGKILL", async () => {
    const record = await startedPool({ kind });
    const run = scriptedRun({ do: "untilAborted" });
    const ending = record.pool.submit(run);
    await begun(record, run);
    expect(record.pool.terminateRun(run.id, "SIGKILL")).toBe(true);
    expect(await ending).toEqual({ kind: "terminated", signal: "SIGKILL" });
  });

  it("reaches a run that was taken for a short one and could not tell that it began", async () => {
    const record = await startedPool({ kind });
    await measureShort(record);
    const deaf = scriptedRun({ do: "block", ms: null }, { task: short });
    const ending = record.pool.submit(deaf);
    const behind = record.pool.submit(scriptedRun({ do: "where" }, { task: short }));
    expect(record.pool.terminateRun(deaf.id, "SIGKILL")).toBe(true);
    expect(await ending).toEqual({ kind: "terminated", signal: "SIGKILL" });
    expect(await behind).toMatchObject({ kind: "succeeded" });
  });

  it("does not touch a run that waits", async () => {
    const record = await startedPool({ kind });
    const [first, waiting] = [scriptedRun({ do: "untilAborted" }), scriptedRun({ do: "where" })];
    const endings = [first, waiting].map((run) => record.pool.submit(run));
    await begun(record, first);
    expect(record.pool.terminateRun(waiting.id)).toBe(false);
    record.pool.abort(first.id, "shutdown", "");
    expect((await Promise.all(endings)).map(({ kind }) => kind)).toEqual(["succeeded", "succeeded"]);
  });
});

describe.each(["process", "thread", "inline"] as const)("SIGUSR1 to a run (%s)", { timeout: 60_000 }, (kind) => {
  it("is its soft time limit, as in Celery, and ends nothing", async () => {
    const record = await startedPool({ kind });
    const run = scriptedRun({ do: "untilAborted" });
    const ending = record.pool.submit(run);
    await begun(record, run);
    expect(record.pool.terminateRun(run.id, "SIGUSR1")).toBe(true);
    expect(succeededWith(await ending)).toEqual({ kind: "softTimeLimit", message: "It was sent SIGUSR1" });
  });
});

it("terminating a run is refused inline, where nothing could end it", async () => {
  const { pool } = await startedPool({ kind: "inline" });
  expect(() => pool.terminateRun("any")).toThrow(expect.objectContaining({ code: "POOL_UNSUPPORTED" }));
});

it("terminating a run gives user code in a process the signal it listens to, before anything else", async () => {
  const record = await startedPool({ kind: "process", executors: 3 });
  const signals = ["SIGTERM", "SIGINT", "SIGUSR2"] as const;
  const runs = signals.map((signal) => scriptedRun({ do: "untilSignal", signal }));
  const endings = runs.map((run) => record.pool.submit(run));
  for (const [index, run] of runs.entries()) {
    await begun(record, run);
    record.pool.terminateRun(run.id, signals[index]);
  }
  expect(await Promise.all(endings)).toEqual(signals.map((signal) => ({ kind: "terminated", signal })));
  expect(record.logs.map(({ message }) => message).sort()).toEqual(["got SIGINT", "got SIGTERM", "got SIGUSR2"]);
});

describe("the end of a process by a signal", () => {
  function asked() {
    const clock = createFakeClock();
    const told: string[] = [];
    const frame = (kind: number, _number: number, bytes: Buffer, start: number, end: number) =>
      void told.push(`${kind === frameKind.raise ? "raise" : kind} ${bytes.toString("utf8", start, end)}`);
    const child = { send: (bytes: Buffer) => new FrameReader().read(bytes, { frame }), kill: () => void told.push("kill") };
    return { clock, told, end: endProcess(child, "SIGTERM", clock) };
  }

  it("is a kill after 1 s without an answer, or 5 s after it", () => {
    const silent = asked();
    silent.clock.step(999);
    expect(silent.told).toEqual(["raise SIGTERM"]);
    silent.clock.step(1);
    expect(silent.told).toEqual(["raise SIGTERM", "kill"]);
    const slow = asked();
    slow.clock.step(500);
    slow.end.heard();
    slow.end.heard();
    slow.clock.step(4_999);
    expect(slow.told).toEqual(["raise SIGTERM"]);
    slow.clock.step(1);
    expect(slow.told).toEqual(["raise SIGTERM", "kill"]);
  });

  it("needs no kill where it ended by itself", () => {
    const { clock, told, end } = asked();
    end.heard();
    end.over();
    clock.step(10_000);
    expect([told, clock.pending]).toEqual([["raise SIGTERM"], 0]);
  });
});
