/** `@continuous`: a run as soon as the one before has ended, about the time since that one. */
import { exactly, runOf, type Timetable } from "./timetable.ts";

export const continuousTimetable: Timetable = {
  text: "@continuous",
  mostActiveRuns: 1,
  next(last, { earliest, latest }, now) {
    const first = earliest ?? now;
    const interval =
      last === null
        ? { start: first, end: Math.max(first, now) }
        : last.end > now
          ? { start: first, end: first + last.end - last.start }
          : { start: last.end, end: now };
    return latest !== null && interval.end > latest ? null : runOf(interval);
  },
  manual: exactly,
};
