/** When an entry is due, by its schedule and its bounds. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comingDues, dueAfter, latestDue, nextDue, type Timing } from "../../../packages/core/src/next-due.ts";
import type { Schedule, StorableSchedule } from "../../../packages/core/src/schedule.ts";
import { crontab } from "../../../packages/core/src/schedules/crontab.ts";
import { every } from "../../../packages/core/src/schedules/interval.ts";
import type { EntryDefinition } from "../../../packages/core/src/stored-entry.ts";

const start = Date.parse("2026-01-01T00:00:00Z");
const secondMs = 1_000;

function timing(schedule: StorableSchedule, definition: Partial<EntryDefinition> = {}, entry: Partial<Timing> = {}): Timing {
  const whole = {
    ...{ name: "x", schedule: schedule.toJSON(), call: { task: "t", args: [], kwargs: {}, options: {} }, enabled: true },
    ...{ startAt: null, endAt: null, maxRuns: null, jitterMs: 0, catchUp: "last", deadlineMs: null, overlap: "allow" },
    ...definition,
  } as EntryDefinition;
  return { definition: whole, schedule, paused: false, since: start, lastDueAt: null, runs: 0, ...entry };
}

describe("nextDue", () => {
  const minutely = every("1m");

  it("counts from when the entry was stored, then from its last due time", () => {
    expect(nextDue(timing(minutely))).toBe(start + 60 * secondMs);
    expect(nextDue(timing(minutely, {}, { lastDueAt: start + 7 }))).toBe(start + 60 * secondMs + 7);
  });

  it.each<[why: string, definition: Partial<EntryDefinition>, entry: Partial<Timing>]>([
    ["paused", {}, { paused: true }],
    ["not enabled", { enabled: false }, {}],
    ["sent as often as it may be", { maxRuns: 3 }, { runs: 3 }],
    ["over", { endAt: start + 59 * secondMs }, {}],
  ])("is null for an entry that is %s", (_, definition, entry) => {
    expect(nextDue(timing(minutely, definition, entry))).toBeNull();
  });

  it("begins an interval at its start, and a crontab by the clock", () => {
    const startAt = start + 1_234_567;
    expect(nextDue(timing(minutely, { startAt }))).toBe(startAt);
    expect(nextDue(timing(minutely, { startAt }, { lastDueAt: startAt }))).toBe(startAt + 60 * secondMs);
    expect(nextDue(timing(crontab("*/5 * * * *"), { startAt: start + 600 * secondMs }))).toBe(start + 600 * secondMs);
    expect(nextDue(timing(every("1h", { relative: true }), { startAt: start + 1 }))).toBe(start + 3_600 * secondMs);
  });

  it("refuses a schedule that does not move on", () => {
    const stuck: Schedule = { next: (after) => after };
    expect(() => nextDue({ ...timing(minutely), schedule: stuck })).toThrow(/expected a later one/);
  });
});

describe("latestDue", () => {
  it("is the last due time before an instant, as one by one would find it", () => {
    const schedules = [
      every(7),
      every("1h", { relative: true, offset: "3m" }),
      ...["*/7 * * * *", "0 3 * * mon", "0 0 1 * *", "30 2 29 feb *"].map((line) => crontab(line, { tz: "Europe/Oslo" })),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...schedules),
        fc.integer({ min: 0, max: 5_000 }),
        fc.integer({ min: 1, max: 200 }),
        (schedule, from, steps) => {
          const entry = timing(schedule);
          const dues: number[] = [];
          for (let due = dueAfter(entry, start + from * secondMs); due !== null && dues.length < steps; due = dueAfter(entry, due))
            dues.push(due);
          const until = dues.at(-1)! + 500;
          expect(latestDue(entry, dues[0]!, until)).toBe(dues.at(-1));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("does not walk through years of minutes", () => {
    let asked = 0;
    const minutely = crontab("* * * * *");
    const counted: StorableSchedule = {
      ...minutely,
      next(after) {
        asked++;
        return minutely.next(after);
      },
    };
    const tenYears = start + 3_650 * 86_400 * secondMs;
    expect(latestDue(timing(counted), start + 60 * secondMs, tenYears + 30 * secondMs)).toBe(tenYears);
    expect(asked).toBeLessThan(10);
  });
});

describe("comingDues", () => {
  it("leaves out what is overdue, and ends with the runs that are left", () => {
    const now = start + 150 * secondMs;
    expect(comingDues(timing(every("1m")), now, 3)).toEqual([180, 240, 300].map((at) => start + at * secondMs));
    expect(comingDues(timing(every("1m"), { maxRuns: 5 }, { runs: 3 }), now, 10)).toHaveLength(2);
    expect(comingDues(timing(every("1m"), {}, { paused: true }), now, 10)).toEqual([]);
  });
});
