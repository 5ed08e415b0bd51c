/** Airflow 2's rule: a run is about the time from one time of the schedule to the next, and begins when that is over (CronDataIntervalTimetable, DeltaDataIntervalTimetable). */

import type { Steps } from "./steps.ts";
import { type DataInterval, type RunLimits, runOf, type Timetable } from "./timetable.ts";

export function intervalTimetable(steps: Steps): Timetable {
  function startOf(last: DataInterval | null, { earliest, catchUp }: RunLimits, now: number): number | null {
    if (catchUp && earliest === null) return last === null ? null : following(last, null);
    const first = catchUp ? steps.alignNext(earliest!) : steps.latestStart(earliest, now);
    return last === null || first === null ? first : following(last, first);
  }

  /** Behind the last run, in line with a schedule that may have been changed since; not before `first`. */
  function following(last: DataInterval, first: number | null): number | null {
    const aligned = steps.alignPrev(last.end) ?? first;
    const start = aligned === null || first === null ? aligned : Math.max(aligned, first);
    if (start === null || start > last.start) return start;
    const next = steps.next(start);
    // Where clocks go back an hourly schedule may not be in line with itself: Airflow gives up, with an error.
    return next === null || next > last.start ? next : steps.next(last.start);
  }

  return {
    text: steps.text,
    mostActiveRuns: null,
    next(last, limits, now) {
      const start = startOf(last, limits, now);
      if (start === null || (limits.latest !== null && start > limits.latest)) return null;
      const end = steps.next(start);
      return end === null ? null : runOf({ start, end });
    },
    manual(runAfter) {
      const end = steps.alignPrev(runAfter) ?? runAfter;
      return { start: steps.prev(end) ?? end, end };
    },
  };
}
