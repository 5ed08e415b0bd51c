/** Schedules one by one: when they are due, what they refuse, and the way through the store. */
import { describe, expect, it } from "vitest";
import type { Schedule, ScheduleJson, StorableSchedule } from "../../../../packages/core/src/schedule.ts";
import { clocked } from "../../../../packages/core/src/schedules/clocked.ts";
import { crontab } from "../../../../packages/core/src/schedules/crontab.ts";
import type { CrontabFields } from "../../../../packages/core/src/schedules/crontab-fields.ts";
import { every } from "../../../../packages/core/src/schedules/interval.ts";
import { solar } from "../../../../packages/core/src/schedules/solar.ts";
import { storedSchedule } from "../../../../packages/core/src/schedules/stored.ts";

function dues(schedule: Schedule, after: string, count: number): readonly string[] {
  const found: string[] = [];
  let due: Date | null = new Date(after);
  while (found.length < count) {
    due = schedule.next(due);
    if (due === null) break;
    found.push(
      due
        .toISOString()
        .replace(/:00\.000Z$/, "")
        .replace(".000Z", ""),
    );
  }
  return found;
}

describe("every", () => {
  it("counts from the last due time", () => {
    expect(dues(every("90s"), "2026-01-01T00:00:07Z", 2)).toEqual(["2026-01-01T00:01:37", "2026-01-01T00:03:07"]);
  });

  it("is due at whole multiples when it is relative, and later by its offset", () => {
    expect(dues(every(30, { relative: true }), "2026-01-01T00:00:07Z", 2)).toEqual(["2026-01-01T00:00:30", "2026-01-01T00:01"]);
    expect(dues(every("1h", { relative: true, offset: "5m" }), "2026-01-01T00:05:00Z", 2)).toEqual([
      "2026-01-01T01:05",
      "2026-01-01T02:05",
    ]);
  });

  it.each([
    [0, undefined, /10 ms or more, got 0 ms/],
    ["1s", { offset: "1ms" }, /relative: true/],
    ["1s", { relative: true, offset: "1s" }, /below the interval of 1000 ms/],
  ] as const)("refuses %j with %j", (interval, options, message) => {
    expect(() => every(interval, options)).toThrow(message);
  });
});

describe("clocked", () => {
  it("is due once", () => {
    expect(dues(clocked(new Date("2026-05-05T10:00:00Z")), "2026-01-01T00:00:00Z", 3)).toEqual(["2026-05-05T10:00"]);
    expect(() => clocked(new Date("soon"))).toThrow("expected a valid Date");
  });
});

describe("crontab", () => {
  it.each<[fields: string | CrontabFields, after: string, expected: readonly string[]]>([
    ["0 3 * * mon-fri", "2026-01-02T03:00:00Z", ["2026-01-05T03:00", "2026-01-06T03:00"]],
    ["@monthly", "2026-01-01T00:00:00Z", ["2026-02-01T00:00", "2026-03-01T00:00"]],
    [
      "15,45 22-1 * * *",
      "2026-01-01T23:50:00Z",
      ["2026-01-02T00:15", "2026-01-02T00:45", "2026-01-02T01:15", "2026-01-02T01:45", "2026-01-02T22:15"],
    ],
    ["0 0 29 feb *", "2026-01-01T00:00:00Z", ["2028-02-29T00:00", "2032-02-29T00:00"]],
    ["*/25 * * * *", "2026-01-01T00:00:00Z", ["2026-01-01T00:25", "2026-01-01T00:50", "2026-01-01T01:00"]],
    ["0 0 * * 7", "2026-01-01T00:00:00Z", ["2026-01-04T00:00", "2026-01-11T00:00"]],
    ["0 0 * * fri-7", "2026-01-04T00:00:00Z", ["2026-01-09T00:00", "2026-01-10T00:00", "2026-01-11T00:00"]],
    [{ hour: 12, minute: 0, dayOfWeek: "monday" }, "2026-01-01T00:00:00Z", ["2026-01-05T12:00"]],
    [
      { hour: "0-23/11", minute: 5 },
      "2026-01-01T00:00:00Z",
      ["2026-01-01T00:05", "2026-01-01T11:05", "2026-01-01T22:05", "2026-01-02T00:05"],
    ],
    [{}, "2026-01-01T00:00:30Z", ["2026-01-01T00:01"]],
  ])("%j is due, after %s, at %j", (fields, after, expected) => {
    expect(dues(crontab(fields), after, expected.length)).toEqual(expected);
  });

  it("takes either field of a day in cron's line, and both in Celery's fields", () => {
    expect(dues(crontab("0 0 13 * fri"), "2026-01-31T00:00:00Z", 3)).toEqual(["2026-02-06T00:00", "2026-02-13T00:00", "2026-02-20T00:00"]);
    const fields = { minute: 0, hour: 0, dayOfMonth: 13, dayOfWeek: "fri" };
    expect(dues(crontab(fields), "2026-01-31T00:00:00Z", 3)).toEqual(["2026-02-13T00:00", "2026-03-13T00:00", "2026-11-13T00:00"]);
  });

  it("goes by the clocks of its zone, else by the app's", () => {
    expect(dues(crontab("0 3 * * *", { tz: "Europe/Oslo" }), "2026-07-01T12:00:00Z", 1)).toEqual(["2026-07-02T01:00"]);
    const json = crontab("0 3 * * *").toJSON();
    expect(dues(storedSchedule(json, "Asia/Kathmandu"), "2026-07-01T12:00:00Z", 1)).toEqual(["2026-07-01T21:15"]);
  });

  it.each<[fields: unknown, message: string]>([
    ["61 * * * *", 'the field minute is "61": expected 0 to 59, lists, ranges and */steps of them, got 61'],
    ["* 24 * * *", 'the field hour is "24": expected 0 to 23'],
    ["* * 0 * *", 'the field day of month is "0": expected 1 to 31'],
    ["* * * 13 *", 'the field month of year is "13": expected 1 to 12 or jan to dec'],
    ["* * * * 8", 'the field day of week is "8": expected 0 to 6 or sun to sat'],
    ["* * * * moon-fri", 'the field day of week is "moon-fri"'],
    ["*/0 * * * *", "got a step of 0"],
    ["5/10 * * * *", 'got a step without a range, "5/10"'],
    ["1,,2 * * * *", "got an empty part"],
    ["* * * *", "has 4 fields: expected five, minute, hour, day of month, month of year and day of week"],
    ["@dayly", "did you mean @daily?"],
    ["0 0 30 feb *", 'no month of "feb" has such a day'],
    [{ hours: 3 }, "there is no field hours: did you mean hour?"],
  ])("refuses %j", (fields, message) => {
    expect(() => crontab(fields as string)).toThrow(
      expect.objectContaining({ code: "SCHEDULE_INVALID", message: expect.stringContaining(message) }),
    );
  });

  it("refuses a zone that the machine does not know", () => {
    expect(() => crontab("@daily", { tz: "Europe/Olso" })).toThrow('"Europe/Olso" is no time zone of this machine');
  });
});

describe("solar", () => {
  // As PyEphem gives them, which Celery asks.
  it.each([
    ["sunrise", 51.4769, 0, "2026-06-21", "2026-06-21T03:42:48Z"],
    ["sunset", 51.4769, 0, "2026-12-21", "2026-12-21T15:53:04Z"],
    ["solar_noon", 59.9139, 10.7522, "2026-03-01", "2026-03-01T11:29:17Z"],
    ["sunrise", -33.8688, 151.2093, "2026-01-01", "2026-01-01T18:48:14Z"],
    ["dusk_astronomical", 40.7128, -74.006, "2027-10-05", "2027-10-05T00:04:13Z"],
    ["dawn_civil", 59.9139, 10.7522, "2026-06-01", "2026-06-01T00:45:07Z"],
    ["dawn_nautical", 35.6762, 139.6503, "2026-09-09", "2026-09-09T19:23:47Z"],
    ["dusk_nautical", -1.2921, 36.8219, "2027-02-02", "2027-02-02T16:38:08Z"],
    ["sunrise", 64.1466, -21.9426, "2026-12-24", "2026-12-24T11:23:16Z"],
  ] as const)("%s at %f, %f after %s is within 10 s of %s", (event, latitude, longitude, after, expected) => {
    const due = solar(event, latitude, longitude).next(new Date(after))!;
    expect(Math.abs(due.getTime() - Date.parse(expected))).toBeLessThan(10_000);
  });

  it("waits for the end of the midnight sun, and is due once a day else", () => {
    expect(dues(solar("sunset", 69.6492, 18.9553), "2026-05-25T00:00:00Z", 1)[0]).toMatch(/^2026-07-26/);
    const noon = solar("solar_noon", 0, 179.9);
    const days = dues(noon, "2026-01-01T00:00:00Z", 365);
    expect(new Set(days.map((due) => due.slice(0, 10))).size).toBeGreaterThan(362);
  });

  it("is never due where the sun never does that", () => {
    expect(solar("sunrise", 90, 0).next(new Date("2026-01-01T00:00:00Z"))).toBeNull();
  });

  it.each([
    [["sun_rise", 0, 0], "did you mean sunrise?"],
    [["sunrise", 91, 0], "expected a latitude of -90 to 90, got 91"],
    [["sunrise", 0, Number.NaN], "expected a longitude of -180 to 180, got NaN"],
  ] as const)("refuses %j", (given, message) => {
    expect(() => solar(...(given as unknown as Parameters<typeof solar>))).toThrow(message);
  });
});

describe("a schedule that was stored", () => {
  it.each<[StorableSchedule]>([
    [every("5m")],
    [every("1h", { relative: true, offset: "1m" })],
    [crontab("30 2 * * *", { tz: "Europe/Oslo", onGap: "skip", onOverlap: "second" })],
    [solar("sunset", 59.9, 10.7)],
    [clocked(new Date("2027-01-01T00:00:00Z"))],
  ])("is due when it was: %s", (schedule) => {
    const back = storedSchedule(JSON.parse(JSON.stringify(schedule)) as ScheduleJson, "UTC");
    expect(String(back)).toBe(String(schedule));
    expect(dues(back, "2026-03-28T12:00:00Z", 5)).toEqual(dues(schedule, "2026-03-28T12:00:00Z", 5));
  });
});
