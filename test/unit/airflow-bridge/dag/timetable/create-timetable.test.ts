import { describe, expect, it } from "vitest";
import type { DagSchedule } from "../../../../../packages/airflow-bridge/src/dag/model.ts";
import { createTimetable } from "../../../../../packages/airflow-bridge/src/dag/timetable/create-timetable.ts";
import type { DataInterval, Timetable } from "../../../../../packages/airflow-bridge/src/dag/timetable/timetable.ts";
import type { Schedule } from "../../../../../packages/core/src/schedule.ts";
import { clocked } from "../../../../../packages/core/src/schedules/clocked.ts";
import { crontab } from "../../../../../packages/core/src/schedules/crontab.ts";
import { every } from "../../../../../packages/core/src/schedules/interval.ts";

function made(when: DagSchedule["when"], timetable: DagSchedule["timetable"] = "trigger", tz = "UTC"): Timetable {
  return createTimetable({ when, tz, timetable });
}

/** Begins of the first runs with catchup. */
function starts(timetable: Timetable, earliest: string, count: number): readonly string[] {
  const limits = { earliest: Date.parse(earliest), latest: null, catchUp: true };
  const found: string[] = [];
  let last: DataInterval | null = null;
  while (found.length < count) {
    const info = timetable.next(last, limits, Date.parse(earliest));
    if (info === null) break;
    last = info.interval;
    found.push(new Date(last.start).toISOString().slice(0, 16));
  }
  return found;
}

describe("a schedule of core's", () => {
  it("makes runs at its times, in the DAG's time zone unless it names its own", () => {
    const daily = crontab("30 2 * * *");
    expect(starts(made(daily, "trigger", "Europe/Oslo"), "2026-01-01T00:00Z", 2)).toEqual(["2026-01-01T01:30", "2026-01-02T01:30"]);
    expect(starts(made(crontab("30 2 * * *", { tz: "Asia/Tokyo" })), "2026-01-01T00:00Z", 2)).toEqual([
      ...["2026-01-01T17:30", "2026-01-02T17:30"],
    ]);
    expect(starts(made(every("1h", { relative: true, offset: "5m" })), "2026-01-01T00:00Z", 2)).toEqual([
      ...["2026-01-01T00:05", "2026-01-01T01:05"],
    ]);
  });

  it("keeps its own rules where clocks are changed", () => {
    const oslo = { tz: "Europe/Oslo", from: "2026-03-29T00:00Z" };
    expect(starts(made(crontab("30 2 * * *", { onGap: "skip" }), "trigger", oslo.tz), oslo.from, 1)).toEqual(["2026-03-30T00:30"]);
    expect(starts(made("30 2 * * *", "trigger", oslo.tz), oslo.from, 1)).toEqual(["2026-03-29T01:30"]);
  });

  it("makes data intervals between its times, and knows the last ones", () => {
    const timetable = made(crontab("0 9 * * mon"), "interval");
    const limits = { earliest: null, latest: null, catchUp: false };
    const now = Date.UTC(2026, 6, 8, 12);
    const week = { start: Date.UTC(2026, 5, 29, 9), end: Date.UTC(2026, 6, 6, 9) };
    expect(timetable.next(null, limits, now)).toEqual({ runAfter: week.end, logicalDate: week.start, interval: week });
    expect(timetable.manual(now)).toEqual(week);
    expect(timetable.next(week, limits, now)?.interval).toEqual({ start: week.end, end: Date.UTC(2026, 6, 13, 9) });
  });

  it("ends where it ends", () => {
    const at = new Date(Date.UTC(2026, 4, 1));
    const timetable = made(clocked(at));
    expect(starts(timetable, "2026-01-01T00:00Z", 5)).toEqual(["2026-05-01T00:00"]);
    const limits = { earliest: null, latest: null, catchUp: false };
    const later = at.getTime() + 60_000;
    expect(timetable.next({ start: at.getTime(), end: at.getTime() }, limits, later)).toBeNull();
    expect(made(clocked(at), "interval").next(null, limits, later)).toBeNull();
  });

  it("may be an own one", () => {
    const firstOfQuarter: Schedule = {
      next: (after) => new Date(Date.UTC(after.getUTCFullYear(), Math.floor(after.getUTCMonth() / 3) * 3 + 3, 1)),
      toString: () => "quarters",
    };
    const timetable = made(firstOfQuarter, "interval");
    expect([timetable.text, ...starts(timetable, "2026-02-01T00:00Z", 3)]).toEqual([
      ...["quarters", "2026-04-01T00:00", "2026-07-01T00:00", "2026-10-01T00:00"],
    ]);
    expect(timetable.manual(Date.UTC(2026, 7, 1))).toEqual({ start: Date.UTC(2026, 3, 1), end: Date.UTC(2026, 6, 1) });
  });
});

describe("a timetable", () => {
  it("says what it was made of", () => {
    const texts = ["@daily", "0 3 * * *", "@once", "@continuous", null, every("90s")].map((when) => made(when).text);
    expect(texts).toEqual(["@daily", "0 3 * * *", "@once", "@continuous", "none", "every 90s"]);
    expect(["@continuous", "@daily"].map((when) => made(when).mostActiveRuns)).toEqual([1, null]);
    expect(["@midnight", "@annually"].map((when) => starts(made(when), "2026-03-04T05:06Z", 1))).toEqual([
      ...[["2026-03-05T00:00"], ["2027-01-01T00:00"]],
    ]);
  });

  it("of no schedule makes no run but by hand", () => {
    const now = Date.UTC(2026, 0, 1);
    expect(made(null).next(null, { earliest: now, latest: null, catchUp: true }, now)).toBeNull();
    expect(made(null).manual(now)).toEqual({ start: now, end: now });
  });

  it("goes on where an hourly one of Airflow gets stuck: clocks of Lord Howe go back by half an hour", () => {
    const timetable = made("@hourly", "interval", "Australia/Lord_Howe");
    const found = starts(timetable, "2026-04-04T12:00Z", 8);
    expect(found).toEqual([...new Set(found)].toSorted());
    expect(found.at(-1)! > "2026-04-04T17:00").toBe(true);
  });

  it.each([
    ["@dayly", "did you mean @daily?"],
    ["0 0 * *", "has 4 fields: expected five"],
    ["0 25 * * *", 'the field hour is "25": expected 0 to 23'],
    ["0 0 30 2 *", "is never due"],
  ])("is refused for %s", (when, message) => {
    expect(() => made(when)).toThrow(expect.objectContaining({ code: "SCHEDULE_INVALID", message: expect.stringContaining(message) }));
  });

  it("is refused for what is no schedule, and for a zone that is not known", () => {
    expect(() => made(5 as never)).toThrow(expect.objectContaining({ code: "SCHEDULE_INVALID" }));
    expect(() => made("@daily", "trigger", "Europe/Olso")).toThrow(expect.objectContaining({ code: "SCHEDULE_INVALID" }));
  });
});
