/** `@once`: one run, at the start of the DAG or at once, however late it is. */
import { exactly, runOf, type Timetable } from "./timetable.ts";

export const onceTimetable: Timetable = {
  text: "@once",
  mostActiveRuns: null,
  next(last, { earliest, latest }, now) {
    if (last !== null) return null;
    const start = earliest ?? now;
    return latest !== null && start > latest ? null : runOf(exactly(start));
  },
  manual: exactly,
};
