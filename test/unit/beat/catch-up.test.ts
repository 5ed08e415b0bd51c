/** What of missed due times is sent. */
import { describe, expect, it } from "vitest";
import { decide } from "../../../packages/beat/src/catch-up.ts";
import { jitterOf } from "../../../packages/beat/src/jitter.ts";
import type { Timing } from "../../../packages/core/src/next-due.ts";
import { every } from "../../../packages/core/src/schedules/interval.ts";
import type { EntryDefinition } from "../../../packages/core/src/stored-entry.ts";

const start = Date.parse("2026-01-01T00:00:00Z");

/** Every 10 s; last due at the start. */
function entry(definition: Partial<EntryDefinition>, runs = 0): Timing {
  const schedule = every(10);
  const whole = {
    ...{ name: "x", schedule: schedule.toJSON(), call: { task: "t", args: [], kwargs: {}, options: {} }, enabled: true },
    ...{ startAt: null, endAt: null, maxRuns: null, jitterMs: 0, catchUp: "last", deadlineMs: null, overlap: "allow" },
    ...definition,
  } as EntryDefinition;
  return { definition: whole, schedule, paused: false, since: start, lastDueAt: start, runs };
}

/** in seconds since the start */
function decided(given: Timing, now: number, deadlineMs: number | null = null) {
  const { send, passedUntil } = decide(given, start + now * 1_000, deadlineMs);
  const seconds = (at: number) => (at - start) / 1_000;
  return { send: send.map(seconds), passed: passedUntil === null ? null : seconds(passedUntil) };
}

describe("decide", () => {
  it("sends nothing before it is due, and what is due when it is", () => {
    expect(decided(entry({}), 9.999)).toEqual({ send: [], passed: null });
    for (const catchUp of ["last", "skip", "all"] as const) expect(decided(entry({ catchUp }), 10)).toEqual({ send: [10], passed: null });
  });

  it.each<[catchUp: EntryDefinition["catchUp"], now: number, expected: { send: number[]; passed: number | null }]>([
    ["last", 105, { send: [100], passed: 10 }],
    ["last", 86_405, { send: [86_400], passed: 10 }],
    ["all", 45, { send: [10, 20, 30, 40], passed: null }],
    ["skip", 45, { send: [40], passed: 10 }],
  ])("with %s sends of what was missed until %d s: %j", (catchUp, now, expected) => {
    expect(decided(entry({ catchUp }), now)).toEqual(expected);
  });

  it("leaves out what is older than the deadline, or by skip than half a minute", () => {
    expect(decided(entry({ catchUp: "all", deadlineMs: 15_000 }), 45)).toEqual({ send: [30, 40], passed: 10 });
    expect(decided(entry({ catchUp: "last", deadlineMs: 4_000 }), 45)).toEqual({ send: [], passed: 40 });
    expect(decided(entry({ catchUp: "last" }), 45, 4_000)).toEqual({ send: [], passed: 40 });
    const hourly = { ...entry({ catchUp: "skip" }), schedule: every("1h") };
    const definition = { ...hourly.definition, schedule: every("1h").toJSON() };
    expect(decided({ ...hourly, definition }, 3_629)).toEqual({ send: [3_600], passed: null });
    expect(decided({ ...hourly, definition }, 3_631)).toEqual({ send: [], passed: 3_600 });
  });

  it("sends a hundred at once at most, no more than it may run, and one by one where they are not to overlap", () => {
    expect(decided(entry({ catchUp: "all" }), 100_000).send).toHaveLength(100);
    expect(decided(entry({ catchUp: "all", maxRuns: 5 }, 3), 100)).toEqual({ send: [10, 20], passed: null });
    expect(decided(entry({ catchUp: "all", overlap: "skip" }), 100)).toEqual({ send: [10], passed: null });
  });
});

describe("jitter", () => {
  it("is the same for everybody, within its bounds, and not always the same", () => {
    const found = Array.from({ length: 200 }, (_, at) => jitterOf({ name: "x", jitterMs: 50 }, start + at));
    expect(found).toEqual(Array.from({ length: 200 }, (_, at) => jitterOf({ name: "x", jitterMs: 50 }, start + at)));
    expect(Math.min(...found)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...found)).toBeLessThanOrEqual(50);
    expect(new Set(found).size).toBeGreaterThan(20);
    expect(jitterOf({ name: "x", jitterMs: 0 }, start)).toBe(0);
  });
});
