import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Run } from "../../../../packages/core/src/run.ts";
import { Fifo } from "../../../../packages/worker/src/pools/fifo.ts";
import { HeldRun } from "../../../../packages/worker/src/pools/held-run.ts";
import { RunTimes } from "../../../../packages/worker/src/pools/run-times.ts";
import { TimeLimits } from "../../../../packages/worker/src/pools/time-limits.ts";
import { scriptedRun } from "../../../support/executor-pool.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

describe("a fifo", () => {
  it("behaves as an array does", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("push" as const), value: fc.nat(9) }),
      fc.record({ do: fc.constant("shift" as const), times: fc.nat(60) }),
      fc.record({ do: fc.constant("putBack" as const), values: fc.array(fc.nat(9), { maxLength: 80 }) }),
      fc.record({ do: fc.constant("remove" as const), value: fc.nat(9) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const fifo = new Fifo<number>();
        let model: number[] = [];
        for (const one of steps) {
          if (one.do === "push") {
            fifo.push(one.value);
            model.push(one.value);
          } else if (one.do === "shift") {
            for (let time = 0; time < one.times; time++) expect(fifo.shift()).toBe(model.shift());
          } else if (one.do === "putBack") {
            fifo.putBack(one.values);
            model = [...one.values, ...model];
          } else {
            expect(fifo.remove((value) => value === one.value)).toEqual(model.filter((value) => value === one.value));
            model = model.filter((value) => value !== one.value);
          }
          expect(fifo.size).toBe(model.length);
        }
        expect(fifo.drain()).toEqual(model);
        expect(fifo.size).toBe(0);
      }),
    );
  });
});

describe("run times", () => {
  it("are learnt per task and overall, sooner from long runs than from short ones", () => {
    const times = new RunTimes();
    const short = times.of("short");
    expect([short.ms, times.overall.ms]).toEqual([null, null]);
    times.record(short, 1);
    expect([times.of("short").ms, times.overall.ms]).toEqual([1, 1]);
    times.record(short, 101);
    expect(short.ms).toBe(26);
    times.record(short, 10);
    expect(short.ms).toBe(25);
    expect(times.of("other").ms).toBeNull();
  });

  it("forget when the names are too many to be tasks", () => {
    const times = new RunTimes();
    const first = times.of("name 0");
    for (let index = 1; index <= 5_000; index++) times.of(`name ${index}`);
    expect(times.of("name 0")).not.toBe(first);
    expect(times.of("name 5000")).toBe(times.of("name 5000"));
  });
});

describe("time limits", () => {
  function watched(changes: Partial<Run>, told: string[]): HeldRun {
    const held = new HeldRun(scriptedRun({ do: "where" }, changes), { ms: null }, () => {});
    held.holder = {
      abort: () => {},
      softLimit: (one) => void told.push(`soft ${one.run.id}`),
      endFor: (one) => void told.push(`hard ${one.run.id}`),
    };
    return held;
  }

  it("are told when they are over, each once, with one timer for all", () => {
    const clock = createFakeClock();
    const limits = new TimeLimits(clock);
    const told: string[] = [];
    limits.watch(watched({ id: "none" }, told));
    expect(clock.pending).toBe(0);
    limits.watch(watched({ id: "late", timeLimitMs: 300 }, told));
    limits.watch(watched({ id: "both", softTimeLimitMs: 100, timeLimitMs: 200 }, told));
    const ended = watched({ id: "ended", timeLimitMs: 50 }, told);
    limits.watch(ended);
    limits.forget(ended);
    expect(clock.pending).toBe(1);
    clock.step(99);
    expect(told).toEqual([]);
    clock.step(1);
    expect(told).toEqual(["soft both"]);
    clock.step(1_000);
    expect(told).toEqual(["soft both", "hard both", "hard late"]);
    expect(clock.pending).toBe(0);
  });

  it("are forgotten when the pool stops", () => {
    const clock = createFakeClock();
    const limits = new TimeLimits(clock);
    const told: string[] = [];
    limits.watch(watched({ timeLimitMs: 10 }, told));
    limits.stop();
    clock.step(100);
    expect([told, clock.pending]).toEqual([[], 0]);
  });
});
