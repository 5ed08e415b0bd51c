/** Due once, at an instant. */
import { CeleriacError } from "../errors.ts";
import type { StorableSchedule } from "../schedule.ts";

/** Throws SCHEDULE_INVALID for an invalid date. */
export function clocked(at: Date): StorableSchedule {
  const epochMs = at.getTime();
  if (Number.isNaN(epochMs)) throw new CeleriacError("SCHEDULE_INVALID", "clocked(): expected a valid Date, got an invalid one");
  return clockedSchedule(epochMs);
}

export function clockedSchedule(epochMs: number): StorableSchedule {
  return Object.freeze({
    next: (after: Date) => (after.getTime() < epochMs ? new Date(epochMs) : null),
    toJSON: () => ({ kind: "clocked" as const, at: epochMs }),
    toString: () => `once at ${new Date(epochMs).toISOString()}`,
  });
}
