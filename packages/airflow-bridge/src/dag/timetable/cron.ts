/** The times of a cron expression in a time zone, with Airflow's rules where its clocks are changed. */
import { type TimeZone, timeZone } from "@celeriac/core/runtime";
import { readCron } from "./cron-fields.ts";
import { wallSearch } from "./cron-search.ts";
import type { Ticks } from "./steps.ts";

const dayMs = 86_400_000;

/** Throws SCHEDULE_INVALID for an expression or a zone that cannot be read. */
export function cronTicks(expression: string, tz: string): Ticks {
  const fields = readCron(expression);
  const search = wallSearch(fields);
  const zone = timeZone(tz);

  /** Where every hour counts, as long after `at` as the clock on the wall would have it if it were not changed. */
  function instantOf(wall: number, at: number, wallAt: number): number {
    return fields.everyHour ? at + wall - wallAt : shownAt(zone, wall);
  }

  function step(at: number, find: (wall: number) => number | null): number | null {
    const wallAt = at + zone.at(at).offset;
    const wall = find(wallAt);
    return wall === null ? null : instantOf(wall, at, wallAt);
  }

  return { text: expression, next: (after) => step(after, search.next), prev: (before) => step(before, search.prev) };
}

/** When the clocks of a zone show that: the second time of two; as much later as the clocks are changed by, where they leave it out. */
function shownAt(zone: TimeZone, wall: number): number {
  const [before, after] = [zone.at(wall - dayMs).offset, zone.at(wall + dayMs).offset];
  const [early, late] = [wall - Math.max(before, after), wall - Math.min(before, after)];
  if (early === late) return early;
  const isShown = (at: number): boolean => at + zone.at(at).offset === wall;
  return isShown(early) && !isShown(late) ? early : late;
}
