/** Every so long: counted from the last run, or from the start of the DAG. */
import type { Steps } from "./steps.ts";

export function deltaSteps(lengthMs: number, text: string): Steps {
  return {
    text,
    next: (after) => after + lengthMs,
    prev: (before) => before - lengthMs,
    alignNext: (at) => at,
    alignPrev: (at) => at,
    firstRun: (now) => now,
    latestStart(earliest, now) {
      // Without a run to count from it is at whole multiples since 1970.
      const start = (Math.floor(now / lengthMs) - 1) * lengthMs;
      return Math.max(start, earliest ?? start);
    },
  };
}
