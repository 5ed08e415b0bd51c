/** The times of one of core's schedules, or of an own one: they know what comes next, and the one before is searched for. */
import type { Schedule } from "@celeriac/core";
import type { Ticks } from "./steps.ts";

const minuteMs = 60_000;
const horizonMs = 41 * 366 * 86_400_000;

export function scheduleTicks(schedule: Schedule): Ticks {
  function next(after: number): number | null {
    return schedule.next(new Date(after))?.getTime() ?? null;
  }

  function prev(before: number): number | null {
    const isBefore = (tick: number | null): boolean => tick !== null && tick < before;
    for (let span = minuteMs; span <= horizonMs; span *= 4) {
      if (!isBefore(next(before - span))) continue;
      /** low: one comes after it, and before `before`; high: none does */
      let [low, high] = [before - span, before];
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (isBefore(next(middle))) low = middle;
        else high = middle;
      }
      return high;
    }
    return null;
  }

  return { text: String(schedule), next, prev };
}
