import { describe, expect, it } from "vitest";
import type { Ending, Execute, Run, RunControl } from "../../../../packages/core/src/run.ts";
import { readEnding } from "../../../../packages/worker/src/pools/ending-frame.ts";
import { Executor, type ExecutorOptions } from "../../../../packages/worker/src/pools/executor.ts";
import { FrameReader, FrameWriter, frameKind } from "../../../../packages/worker/src/pools/frames.ts";
import { writeRun } from "../../../../packages/worker/src/pools/run-frame.ts";
import { eventually } from "../../../support/eventually.ts";
import { scriptedRun } from "../../../support/executor-pool.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

const ok: Ending = { kind: "succeeded", value: "null", children: [], publish: [] };
const names = new Map(Object.entries(frameKind).map(([name, kind]) => [kind as number, name]));

/** An executor whose batches are shown as texts like "begun 1", and which is fed from the test. */
function opened(
  execute: Execute,
  { slots = 1, logLevel = "debug" as "debug" | "warn", lifetime }: Partial<Pick<ExecutorOptions, "slots" | "logLevel" | "lifetime">> = {},
) {
  const clock = createFakeClock();
  const batches: string[][] = [];
  const details: { readonly name: string; readonly number: number; readonly text: string; readonly ending: Ending | null }[] = [];
  const reader = new FrameReader();
  let drained = 0;
  const send = (frames: FrameWriter) => {
    const batch: string[] = [];
    reader.read(frames.take(), {
      frame(kind, number, bytes, start, end) {
        const name = names.get(kind) ?? "?";
        const given =
          kind === frameKind.handedBack ? Array.from({ length: (end - start) / 4 }, (_, at) => bytes.readUInt32LE(start + at * 4)) : [];
        batch.push([name, number, ...given].join(" "));
        details.push({
          name,
          number,
          text: bytes.toString("utf8", start, end),
          ending: kind === frameKind.outcome ? readEnding(bytes, start, end).ending : null,
        });
      },
    });
    batches.push(batch);
  };
  const executor = new Executor({ slots, lifetime, execute, clock, logLevel, send, drained: () => void drained++ });
  const feed = (write: (frames: FrameWriter) => void) => {
    const frames = new FrameWriter();
    write(frames);
    new FrameReader().read(frames.take(), executor);
    executor.received();
  };
  const run = (number: number, reportBegun = false, changes: Partial<Run> = {}) =>
    feed((frames) => writeRun(frames, number, scriptedRun({ do: "where" }, changes), reportBegun));
  return { clock, batches, details, executor, feed, run, drained: () => drained };
}

/** An Execute whose runs end when the test says so. */
function held(): {
  readonly execute: Execute;
  readonly runs: { readonly run: Run; readonly control: RunControl; end(ending?: Ending): void }[];
} {
  const runs: ReturnType<typeof held>["runs"] = [];
  const execute: Execute = (run, control) =>
    new Promise((resolve) => void runs.push({ run, control, end: (ending = ok) => resolve(ending) }));
  return { execute, runs };
}

describe("an executor", () => {
  it("reports all outcomes of a turn in one batch, without telling of begins that are over", async () => {
    const { feed, batches } = opened(async () => ok);
    feed((frames) => {
      for (const number of [1, 2, 3]) writeRun(frames, number, scriptedRun({ do: "where" }), false);
    });
    await eventually(() => expect(batches).toEqual([["outcome 1", "outcome 2", "outcome 3"]]));
  });

  it("tells at the end of the turn what has begun and goes on", async () => {
    const { execute, runs } = held();
    const { run, batches } = opened(execute, { slots: 2 });
    run(1);
    run(2);
    await eventually(() => expect(batches).toEqual([["begun 1", "begun 2"]]));
    runs[1]?.end();
    await eventually(() => expect(batches[1]).toEqual(["outcome 2"]));
  });

  it("tells of a begin, and of all outcomes so far, before user code runs, if asked to", async () => {
    const seen: string[][] = [];
    const { feed, batches } = opened(async (run) => {
      if (run.id === "watched") seen.push(...batches.map((batch) => [...batch]));
      return ok;
    });
    feed((frames) => {
      writeRun(frames, 1, scriptedRun({ do: "where" }), false);
      writeRun(frames, 2, scriptedRun({ do: "where" }, { id: "watched" }), true);
    });
    await eventually(() => expect(batches).toEqual([["outcome 1", "begun 2"], ["outcome 2"]]));
    expect(seen).toEqual([["outcome 1", "begun 2"]]);
  });

  it("does not let outcomes wait behind a run when they are 2 ms old", async () => {
    let moveMs = 0;
    const { clock, feed, batches } = opened(async () => {
      clock.step(moveMs);
      return ok;
    });
    moveMs = 1.5;
    feed((frames) => {
      for (const number of [1, 2, 3, 4]) writeRun(frames, number, scriptedRun({ do: "where" }), false);
    });
    await eventually(() => expect(batches).toEqual([["outcome 1", "outcome 2", "outcome 3", "begun 4"], ["outcome 4"]]));
  });

  it("looks at its inbox before it begins the next run when 5 ms have passed", async () => {
    const begun: number[] = [];
    const { clock, feed, batches } = opened(async () => {
      begun.push(begun.length + 1);
      clock.step(6);
      // What a worker sends meanwhile is read only when the event loop gets round to it.
      setImmediate(() => feed((frames) => frames.empty(frameKind.recall, 0)));
      return ok;
    });
    feed((frames) => {
      for (const number of [1, 2, 3]) writeRun(frames, number, scriptedRun({ do: "where" }), false);
    });
    await eventually(() => expect(batches.flat()).toEqual(["outcome 1", "handedBack 0 2 3"]));
    expect(begun).toEqual([1]);
  });

  it("goes on with its inbox when nothing was recalled", async () => {
    const { clock, feed, batches } = opened(async () => {
      clock.step(6);
      return ok;
    });
    feed((frames) => {
      for (const number of [1, 2, 3]) writeRun(frames, number, scriptedRun({ do: "where" }), false);
    });
    await eventually(() =>
      expect(batches.flat().filter((text) => text.startsWith("outcome"))).toEqual(["outcome 1", "outcome 2", "outcome 3"]),
    );
  });

  it("aborts what runs with the first reason given, and hands back what waits", async () => {
    const { execute, runs } = held();
    const { run, feed, batches } = opened(execute);
    run(1);
    run(2);
    run(3);
    feed((frames) => frames.textFrame(frameKind.abort, 1, JSON.stringify(["claimLost", "no"])));
    feed((frames) => frames.textFrame(frameKind.softLimit, 1, "too late"));
    feed((frames) => frames.textFrame(frameKind.abort, 2, JSON.stringify(["shutdown", ""])));
    feed((frames) => frames.textFrame(frameKind.abort, 77, JSON.stringify(["shutdown", ""])));
    expect(runs[0]?.control.signal.reason).toEqual({ kind: "claimLost", message: "no" });
    expect(runs[0]?.control.signal).toBe(runs[0]?.control.signal);
    await eventually(() => expect(batches.flat()).toEqual(["handedBack 2 2", "begun 1"]));
    runs[0]?.end();
    await eventually(() => expect(runs).toHaveLength(2));
    const { signal } = (runs[1] as (typeof runs)[0]).control;
    expect(signal.aborted).toBe(false);
    feed((frames) => frames.textFrame(frameKind.softLimit, 3, "over"));
    expect(signal.reason).toEqual({ kind: "softTimeLimit", message: "over" });
  });

  it("gives back what waits and is taken back, and lets go on what runs", async () => {
    const { execute, runs } = held();
    const { run, feed, batches } = opened(execute);
    run(1);
    run(2);
    feed((frames) => {
      for (const number of [1, 2, 77]) frames.empty(frameKind.takeBack, number);
    });
    await eventually(() => expect(batches.flat()).toEqual(["handedBack 2 2", "begun 1"]));
    expect(runs[0]?.control.signal.aborted).toBe(false);
  });

  it("hands back what waits and what still comes when it drains, and is done after its last outcome", async () => {
    const { execute, runs } = held();
    const { run, feed, batches, drained } = opened(execute);
    run(1);
    run(2);
    feed((frames) => frames.empty(frameKind.drain, 0));
    run(3);
    await eventually(() => expect(batches.flat()).toEqual(["handedBack 0 2", "handedBack 3 3", "begun 1"]));
    expect(drained()).toBe(0);
    runs[0]?.end();
    await eventually(() => expect(drained()).toBe(1));
    expect(batches.flat().at(-1)).toBe("outcome 1");
  });

  it("is done at once when it drains with nothing to do", () => {
    const { feed, batches, drained } = opened(async () => ok);
    feed((frames) => frames.empty(frameKind.drain, 0));
    expect([batches.flat(), drained()]).toEqual([["handedBack 0"], 1]);
  });

  it("answers a ping at once, and does not mind what it does not know", () => {
    const { feed, batches } = opened(async () => ok);
    feed((frames) => {
      frames.empty(200, 0);
      frames.empty(frameKind.ping, 0);
    });
    expect(batches).toEqual([["pong 0"]]);
  });

  it("reports states and lines with their run, and after its end no state and lines of nobody", async () => {
    const { execute, runs } = held();
    const { run, batches, details } = opened(execute, { logLevel: "warn" });
    run(1);
    const { control, end } = runs[0] as (typeof runs)[0];
    await control.updateState("HALF", '{"done":0.5}');
    control.log("info", "not shown", undefined);
    control.log("warn", "shown", { a: 1 });
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    control.log("error", "shown without its fields", cycle);
    end();
    await eventually(() => expect(batches.flat()).toContain("outcome 1"));
    await control.updateState("LATE", "{}");
    control.log("warn", "late", undefined);
    await eventually(() => expect(batches.flat()).toEqual(["progress 1", "log 1", "log 1", "outcome 1", "log 0"]));
    const lines = details.filter(({ name }) => name === "log").map(({ text }) => JSON.parse(text));
    expect(lines).toEqual([
      ["warn", "shown", { a: 1 }],
      ["error", "shown without its fields", { fieldsLost: expect.stringContaining("circular") }],
      ["warn", "late", null],
    ]);
  });

  it("writes more lines, or fewer, from when it is told to", async () => {
    const { execute, runs } = held();
    const { run, feed, details } = opened(execute, { logLevel: "warn" });
    run(1);
    const { control } = runs[0] as (typeof runs)[0];
    const levels = ["debug", "warn"] as const;
    for (const level of levels) control.log(level, `before ${level}`, undefined);
    feed((frames) => frames.textFrame(frameKind.logLevel, 0, "debug"));
    for (const level of levels) control.log(level, `louder ${level}`, undefined);
    feed((frames) => frames.textFrame(frameKind.logLevel, 0, "silent"));
    for (const level of levels) control.log(level, `never ${level}`, undefined);
    const lines = () => details.filter(({ name }) => name === "log").map(({ text }) => (JSON.parse(text) as string[])[1]);
    await eventually(() => expect(lines()).toEqual(["before warn", "louder debug", "louder warn"]));
  });

  it("attributes what is printed to the run that is known to have printed it, or runs alone, else to none", async () => {
    const { execute, runs } = held();
    const { run, executor, batches } = opened(execute, { slots: 2 });
    executor.output("info", "before", {});
    run(1);
    executor.output("info", "alone", {});
    run(2);
    executor.output("warn", "two", {});
    executor.output("info", "known", {}, runs[1]?.run.id);
    executor.output("info", "of one that has ended", {}, "another");
    await eventually(() => expect(batches.flat()).toEqual(["log 0", "log 1", "log 0", "log 2", "log 0", "begun 1", "begun 2"]));
  });

  it("turns a throw of Execute, and an ending that cannot be sent, into a lost executor", async () => {
    const endings: (() => Promise<Ending>)[] = [
      () => {
        throw new Error("at once");
      },
      () => Promise.reject("later"),
      async () => ({ ...ok, children: [1n] }) as Ending,
    ];
    const { run, details } = opened((_run) => (endings.shift() as () => Promise<Ending>)());
    for (const number of [1, 2, 3]) run(number);
    await eventually(() => expect(details.filter(({ name }) => name === "outcome")).toHaveLength(3));
    const reached = details.flatMap(({ ending }) => (ending === null ? [] : [ending]));
    expect(reached).toMatchObject([
      { kind: "executorLost", begun: true, reason: "The executor failed: at once" },
      { kind: "executorLost", begun: true, reason: "The executor failed: later" },
      { kind: "executorLost", begun: true, reason: expect.stringContaining("BigInt") },
    ]);
    expect(details.filter(({ name }) => name === "log")).toHaveLength(3);
  });

  it("does not keep a batch that has grown large until the end of the turn", () => {
    const { execute, runs } = held();
    const { run, batches } = opened(execute);
    run(1, true);
    void runs[0]?.control.updateState("BIG", `"${"x".repeat(300_000)}"`);
    expect(batches).toEqual([["begun 1"], ["progress 1"]]);
  });

  it("begins as many runs as its lifetime allows, hands back the others, and ends when it is told to", async () => {
    const { execute, runs } = held();
    const { feed, run, batches, details, drained } = opened(execute, { slots: 2, lifetime: { tasks: 2, memoryKb: null } });
    feed((frames) => {
      for (const number of [1, 2, 3]) writeRun(frames, number, scriptedRun({ do: "where" }), true);
    });
    await eventually(() => expect(batches.flat()).toEqual(["begun 1", "begun 2", "retiring 0", "handedBack 0 3"]));
    expect(details.find(({ name }) => name === "retiring")?.text).toBe("it has run 2 tasks");
    runs[0]?.end();
    run(4);
    await eventually(() => expect(batches.flat().slice(4).sort()).toEqual(["handedBack 4 4", "outcome 1"]));
    runs[1]?.end();
    await eventually(() => expect(batches.flat()).toContain("outcome 2"));
    expect(drained()).toBe(0);
    feed((frames) => frames.empty(frameKind.drain, 0));
    expect([runs.length, drained()]).toEqual([2, 1]);
  });

  it("begins no more when it has grown too large, once a run has ended", async () => {
    const { run, batches } = opened(async () => ok, { lifetime: { tasks: null, memoryKb: 1 } });
    run(1);
    await eventually(() => expect(batches.flat()).toEqual(["outcome 1", "retiring 0", "handedBack 0"]));
    run(2);
    await eventually(() => expect(batches.flat()).toContain("handedBack 2 2"));
  });
});
