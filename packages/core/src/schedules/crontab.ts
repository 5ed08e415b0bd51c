/**
 * Due by the clock on the wall of a time zone. Where a clock change leaves a time out or repeats it, a schedule for certain hours is due once,
 * as cron has it: when the clock goes on, or the first time. One for every hour follows the clock: what is left out is not due, what is repeated is due again.
 */
import { CeleriacError } from "../errors.ts";
import type { OnGap, OnOverlap, ScheduleJson, StorableSchedule } from "../schedule.ts";
import {
  type CrontabFields,
  type CrontabValues,
  crontabFieldNames,
  crontabValues,
  fieldTexts,
  isEvery,
  splitCrontab,
} from "./crontab-fields.ts";
import { type Stretch, timeZone } from "./time-zone.ts";

export interface CrontabOptions {
  /** IANA name; default the app's `timezone` */
  readonly tz?: string | undefined;
  /** default: "run-after", but "skip" where the hour is every hour */
  readonly onGap?: OnGap | undefined;
  /** default: "first", but "both" where the hour is every hour */
  readonly onOverlap?: OnOverlap | undefined;
}

type CrontabScheduleJson = Extract<ScheduleJson, { kind: "crontab" }>;

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
/** February 29 on a certain day of the week comes back after 40 years at the latest. */
const horizonMs = 41 * 366 * dayMs;

/**
 * Five fields in a line, of which a day needs to fit one of its two, as in cron; or Celery's fields by name, of which it needs to fit both, as
 * in Celery. Throws SCHEDULE_INVALID, naming the field and its range.
 */
export function crontab(fields: string | CrontabFields, { tz, onGap, onOverlap }: CrontabOptions = {}): StorableSchedule {
  const [texts, days] = typeof fields === "string" ? ([splitCrontab(fields), "either"] as const) : ([fieldTexts(fields), "both"] as const);
  const json = { kind: "crontab", fields: texts, days, tz: tz ?? null, onGap: onGap ?? null, onOverlap: onOverlap ?? null } as const;
  return crontabSchedule(json, "UTC");
}

/** Thousands of entries are due by the same few crontabs. */
const madeBefore = new Map<string, StorableSchedule>();
const mostRemembered = 10_000;

/** `appZone`: for one that names no zone. */
export function crontabSchedule(json: CrontabScheduleJson, appZone: string): StorableSchedule {
  const { minute, hour, dayOfMonth, monthOfYear, dayOfWeek } = json.fields;
  // None that can be read has a bar in it.
  const fields = `${minute}|${hour}|${dayOfMonth}|${monthOfYear}|${dayOfWeek}`;
  const key = `${fields}|${json.days}|${json.tz}|${json.onGap}|${json.onOverlap}|${appZone}`;
  const schedule = madeBefore.get(key) ?? makeCrontab(json, appZone);
  if (madeBefore.size < mostRemembered) madeBefore.set(key, schedule);
  return schedule;
}

function makeCrontab(json: CrontabScheduleJson, appZone: string): StorableSchedule {
  const values = crontabValues(json.fields);
  refuseNever(values, json);
  const zone = timeZone(json.tz ?? appZone);
  const isHourly = isEvery("hour", values);
  const rules = { onGap: json.onGap ?? (isHourly ? "skip" : "run-after"), onOverlap: json.onOverlap ?? (isHourly ? "both" : "first") };
  const next = wallSearch(values, json.days);

  function nextOf(afterMs: number): number | null {
    let stretch = zone.at(afterMs);
    let from = afterMs + 1;
    while (stretch.start < afterMs + horizonMs) {
      const [low, high] = wallsOf(stretch, rules.onOverlap);
      const wall = next(Math.max(low, from + stretch.offset), high);
      if (wall !== null) return wall - stretch.offset;
      const left = stretch;
      stretch = zone.at(left.end);
      from = left.end;
      const isLeftOut = rules.onGap === "run-after" && next(left.end + left.offset, left.end + stretch.offset) !== null;
      if (isLeftOut) return left.end;
    }
    return null;
  }

  return Object.freeze({
    next(after: Date) {
      const due = nextOf(after.getTime());
      return due === null ? null : new Date(due);
    },
    toJSON: () => json,
    toString: () => `${crontabFieldNames.map((name) => json.fields[name]).join(" ")}${json.tz === null ? "" : ` ${json.tz}`}`,
  });
}

/** The walls of a stretch, without those that are due in its neighbour: the second is not part of it. */
function wallsOf({ start, end, offset, offsetBefore, offsetAfter }: Stretch, onOverlap: OnOverlap): readonly [low: number, high: number] {
  const low = onOverlap === "first" ? start + Math.max(offset, offsetBefore) : start + offset;
  const high = onOverlap === "second" ? end + Math.min(offset, offsetAfter) : end + offset;
  return [low, high];
}

/** Looks for the first wall that fits, from `low` on and before `high`. */
function wallSearch(values: CrontabValues, days: "both" | "either"): (low: number, high: number) => number | null {
  const { monthOfYear: months, dayOfMonth: monthDays, dayOfWeek: weekDays } = values;
  const isEither = days === "either" && !isEvery("dayOfMonth", values) && !isEvery("dayOfWeek", values);

  function fits(monthDay: number, weekDay: number): boolean {
    const [inMonth, inWeek] = [monthDays.includes(monthDay), weekDays.includes(weekDay)];
    return isEither ? inMonth || inWeek : inMonth && inWeek;
  }

  /** ms within the day of the first time that is not before `since` */
  function timeSince(since: number): number | null {
    const hour = Math.floor(since / hourMs);
    for (const each of values.hour) {
      if (each < hour) continue;
      const least = each === hour ? Math.ceil((since - each * hourMs) / minuteMs) : 0;
      const minute = values.minute.find((value) => value >= least);
      if (minute !== undefined) return each * hourMs + minute * minuteMs;
    }
    return null;
  }

  return (low, high) => {
    /** since 1970, which began on a Thursday */
    let day = Math.floor(low / dayMs);
    let since = low - day * dayMs;
    while (day * dayMs < high) {
      const date = new Date(day * dayMs);
      const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
      const nextMonth = Date.UTC(year, month + 1, 1) / dayMs;
      if (!months.includes(month + 1)) day = nextMonth;
      for (let monthDay = date.getUTCDate(); day < nextMonth; day++, monthDay++, since = 0) {
        const time = fits(monthDay, ((day % 7) + 11) % 7) ? timeSince(since) : null;
        if (time !== null) return day * dayMs + time < high ? day * dayMs + time : null;
      }
      since = 0;
    }
    return null;
  };
}

const monthLengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** February 30 is not worth the search. */
function refuseNever(values: CrontabValues, { fields, days }: CrontabScheduleJson): void {
  if (days === "either" && !isEvery("dayOfWeek", values)) return;
  const [firstDay] = values.dayOfMonth;
  if (values.monthOfYear.some((month) => firstDay! <= monthLengths[month - 1]!)) return;
  throw new CeleriacError(
    "SCHEDULE_INVALID",
    `crontab(): the field day of month is ${JSON.stringify(fields.dayOfMonth)}, and no month of ${JSON.stringify(fields.monthOfYear)} has such a day`,
  );
}
