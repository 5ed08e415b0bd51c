/** Crontabs where clocks are changed: held, in 20 zones and at every change of two years, to a scan of every minute by the rules as they are documented. */
import { describe, expect, it } from "vitest";
import type { OnGap, OnOverlap } from "../../../../packages/core/src/schedule.ts";
import { crontab } from "../../../../packages/core/src/schedules/crontab.ts";

const zones = [
  ...["Europe/Oslo", "Europe/London", "Europe/Chisinau", "Europe/Athens", "Atlantic/Azores", "America/New_York", "America/Los_Angeles"],
  ...["America/St_Johns", "America/Havana", "America/Santiago", "America/Nuuk", "Africa/Cairo", "Africa/Casablanca", "Asia/Beirut"],
  ...["Asia/Jerusalem", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Chatham", "Antarctica/Troll"],
];
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const [firstMs, lastMs] = [Date.UTC(2026, 0, 1), Date.UTC(2028, 0, 1)];

/** What the clocks show, as the instant at which those of UTC do: nothing of ours is asked. */
function wallClock(zone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    ...{ timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" },
  });
  return (instant) => {
    const [month, day, year, hour, minute] = format.format(instant).match(/\d+/g)!.map(Number) as [number, number, number, number, number];
    return Date.UTC(year, month - 1, day, hour, minute);
  };
}

function changesOf(wallAt: (instant: number) => number): readonly number[] {
  const changes: number[] = [];
  const offsetAt = (instant: number) => wallAt(instant) - instant;
  for (let hour = firstMs; hour < lastMs; hour += 6 * hourMs) {
    if (offsetAt(hour) === offsetAt(hour + 6 * hourMs)) continue;
    let change = hour;
    while (offsetAt(change) === offsetAt(hour)) change += 15 * minuteMs;
    changes.push(change);
  }
  return changes;
}

interface Rules {
  readonly onGap: OnGap;
  readonly onOverlap: OnOverlap;
}

/** Every minute between two instants that is due; `walls` gives what the clocks show at each. */
function scan(walls: ReadonlyMap<number, number>, fits: (wall: Date) => boolean, { onGap, onOverlap }: Rules): readonly number[] {
  const due: number[] = [];
  /** wall → the instants that show it */
  const shownAt = new Map<number, number[]>();
  for (const [instant, wall] of walls) shownAt.set(wall, [...(shownAt.get(wall) ?? []), instant]);
  let last: number | null = null;
  for (const [instant, wall] of walls) {
    let isDue = false;
    if (last !== null && onGap === "run-after")
      for (let left = last + minuteMs; left < wall; left += minuteMs) isDue ||= fits(new Date(left));
    const [first, second] = shownAt.get(wall)!;
    if (fits(new Date(wall))) isDue ||= second === undefined || onOverlap === "both" || (first === instant) === (onOverlap === "first");
    if (isDue) due.push(instant);
    last = wall;
  }
  return due;
}

const fixed: Rules = { onGap: "run-after", onOverlap: "first" };
const everyHour: Rules = { onGap: "skip", onOverlap: "both" };
const schedules: readonly (readonly [line: string, fits: (wall: Date) => boolean, rules: Rules])[] = [
  ["0 * * * *", (wall) => wall.getUTCMinutes() === 0, everyHour],
  ["30 2 * * *", (wall) => wall.getUTCHours() === 2 && wall.getUTCMinutes() === 30, fixed],
  ["*/15 * * * *", (wall) => wall.getUTCMinutes() % 15 === 0, everyHour],
  ["0 0 * * *", (wall) => wall.getUTCHours() === 0 && wall.getUTCMinutes() === 0, fixed],
];

function duesOf(line: string, tz: string, [from, to]: readonly [number, number], rules: Partial<Rules> = {}): readonly number[] {
  const schedule = crontab(line, { tz, ...rules });
  const dues: number[] = [];
  for (let due = schedule.next(new Date(from - 1)); due !== null && due.getTime() < to; due = schedule.next(due)) dues.push(due.getTime());
  return dues;
}

describe.each(zones)("crontab in %s", (zone) => {
  const wallAt = wallClock(zone);
  const changes = changesOf(wallAt);

  it("is due, around every change of its clocks in 2026 and 2027, when a scan of every minute says so", () => {
    // Four or more, but for countries that end it: how many it is, is in the time zones that come with Node.js.
    expect(changes.length).toBeGreaterThan(0);
    for (const change of changes) {
      const window = [change - 4 * hourMs, change + 4 * hourMs] as const;
      const walls = new Map<number, number>();
      for (let instant = window[0]; instant < window[1]; instant += minuteMs) walls.set(instant, wallAt(instant));
      for (const [line, fits, rules] of schedules) {
        expect(duesOf(line, zone, window), `${line} around ${new Date(change).toISOString()}`).toEqual(scan(walls, fits, rules));
        for (const onGap of ["run-after", "skip"] as const)
          for (const onOverlap of ["first", "second", "both"] as const)
            expect(duesOf(line, zone, window, { onGap, onOverlap })).toEqual(scan(walls, fits, { onGap, onOverlap }));
      }
    }
  });

  it("is due once a month at the first midnight of each of the 24, however the clocks are changed", () => {
    const dues = duesOf("0 0 1 * *", zone, [firstMs, lastMs]);
    expect(dues.map((due) => new Date(wallAt(due)).toISOString())).toEqual(
      Array.from({ length: 24 }, (_, month) => new Date(Date.UTC(2026, month, 1)).toISOString())
        .filter((_, month) => month > 0 || wallAt(firstMs) <= firstMs)
        .concat(wallAt(lastMs) > lastMs ? [new Date(lastMs).toISOString()] : []),
    );
  });
});
