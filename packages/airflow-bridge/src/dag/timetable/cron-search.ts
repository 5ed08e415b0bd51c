/** Which times on a clock on the wall fit the fields of a cron expression: the next one, and the one before. Times are those of the wall, as if it hung in UTC. */
import type { CronFields } from "./cron-fields.ts";

export interface WallSearch {
  /** null: none within 50 years */
  next(after: number): number | null;
  prev(before: number): number | null;
}

const dayMs = 86_400_000;
const horizonMonths = 50 * 12;

export function wallSearch(fields: CronFields): WallSearch {
  const resolution = fields.bySeconds ? 1_000 : 60_000;
  const { hour, minute, second } = fields;
  /** ms of the day, ascending */
  const times = hour.flatMap((h) => minute.flatMap((m) => second.map((s) => (h * 3_600 + m * 60 + s) * 1_000)));
  const fits = dayTest(fields);

  /** The first day that fits, from `from` on in that direction, which has a time that `pick` takes; days are counted from 1970. */
  function search(from: number, direction: 1 | -1, pick: (isFirst: boolean) => number | undefined): number | null {
    const date = new Date(from * dayMs);
    const year = date.getUTCFullYear();
    let month = date.getUTCMonth();
    const end = month + direction * horizonMonths;
    for (; month !== end; month += direction) {
      if (!fields.month.includes(modulo(month, 12) + 1)) continue;
      const first = Date.UTC(year, month) / dayMs;
      const length = Date.UTC(year, month + 1) / dayMs - first;
      let day = direction === 1 ? Math.max(from, first) : Math.min(from, first + length - 1);
      for (; day >= first && day < first + length; day += direction) {
        // 1970 began on a Thursday.
        if (!fits(day - first + 1, length, modulo(day + 4, 7))) continue;
        const time = pick(day === from);
        if (time !== undefined) return day * dayMs + time;
      }
    }
    return null;
  }

  return {
    next(after) {
      const from = (Math.floor(after / resolution) + 1) * resolution;
      const day = Math.floor(from / dayMs);
      return search(day, 1, (isFirst) => (isFirst ? times[countBelow(times, from - day * dayMs)] : times[0]));
    },
    prev(before) {
      const until = Math.floor((before - 1) / resolution) * resolution;
      const day = Math.floor(until / dayMs);
      return search(day, -1, (isFirst) => (isFirst ? times[countBelow(times, until - day * dayMs + 1) - 1] : times.at(-1)));
    },
  };
}

type DayTest = (day: number, length: number, weekday: number) => boolean;

/**
 * `length`: of the month. A day fits one of its two fields where both restrict it, as in cron. Where one of them says # or W that is asked of
 * either, as croniter has it: `5 * MON#1` is a first Monday, whether it is the 5th or not.
 */
function dayTest({ dayOfMonth, lastDay, nearWorkday, dayOfWeek, nthWeekdays }: CronFields): DayTest {
  const fitsMonth: DayTest = (day, length, weekday) => {
    if (nearWorkday !== null) return day === workdayNear(nearWorkday, day, length, weekday);
    return dayOfMonth === null || dayOfMonth.includes(day) || (lastDay && day === length);
  };
  const fitsWeek: DayTest = (day, length, weekday) => {
    if (nthWeekdays.length === 0) return dayOfWeek === null || dayOfWeek.includes(weekday);
    return nthWeekdays.some((one) => one.weekday === weekday && (one.nth === "last" ? day + 7 > length : Math.ceil(day / 7) === one.nth));
  };
  const areBoth = dayOfMonth !== null && dayOfWeek !== null;
  const monthDecides = areBoth && nthWeekdays.length === 0;
  const weekDecides = areBoth && nearWorkday === null;
  return (day, length, weekday) => {
    if (fitsMonth(day, length, weekday)) return monthDecides || fitsWeek(day, length, weekday);
    return weekDecides && fitsWeek(day, length, weekday);
  };
}

/** Saturday gives way to Friday and Sunday to Monday, the other way round at the month's ends. `weekday`: of `day`, which tells that of the others. */
function workdayNear(wanted: number, day: number, length: number, weekday: number): number {
  const near = Math.min(wanted, length);
  const wantedWeekday = modulo(weekday + near - day, 7);
  if (wantedWeekday === 6) return near > 1 ? near - 1 : near + 2;
  if (wantedWeekday === 0) return near < length ? near + 1 : near - 2;
  return near;
}

/** Never negative. */
function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

/** How many of them, ascending, are below. */
function countBelow(values: readonly number[], limit: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
