/** Airflow 3's rule: a run begins at each time of the schedule, and its data interval is that point of time (CronTriggerTimetable, DeltaTriggerTimetable). */

import type { Steps } from "./steps.ts";
import { type DataInterval, exactly, type RunLimits, runOf, type Timetable } from "./timetable.ts";

export function triggerTimetable(steps: Steps): Timetable {
  function startOf(last: DataInterval | null, { earliest, catchUp }: RunLimits, now: number): number | null {
    const first = earliest === null ? steps.firstRun(now) : steps.alignNext(earliest);
    if (last === null && (catchUp || first === null)) return first;
    const following = last === null ? first : steps.next(last.end);
    if (catchUp || following === null) return following;
    const candidates = [steps.alignPrev(now), following, earliest === null ? null : first];
    return Math.max(...candidates.filter((candidate) => candidate !== null));
  }

  return {
    text: steps.text,
    mostActiveRuns: null,
    next(last, limits, now) {
      const start = startOf(last, limits, now);
      if (start === null || (limits.latest !== null && start > limits.latest)) return null;
      return runOf(exactly(start));
    },
    manual: exactly,
  };
}
