/** Due every so often: counted from the last due time, or at whole multiples of the interval. */
import { type Duration, durationMs, durationText } from "../duration.ts";
import { CeleriacError } from "../errors.ts";
import type { ScheduleJson, StorableSchedule } from "../schedule.ts";

export interface EveryOptions {
  /** At whole multiples since 1970 in UTC, the same wherever and whenever it was started: every 30 s at :00 and :30. Default: counted from the entry's first start. */
  readonly relative?: boolean | undefined;
  /** so much later than that; needs `relative` */
  readonly offset?: Duration | undefined;
}

type IntervalJson = Extract<ScheduleJson, { kind: "interval" }>;

const leastMs = 10;

/** Throws CONFIG_DURATION; SCHEDULE_INVALID for less than 10 ms, and for an offset that is not below the interval or has no `relative`. */
export function every(interval: Duration, { relative = false, offset }: EveryOptions = {}): StorableSchedule {
  const everyMs = durationMs(interval, "every()");
  const offsetMs = offset === undefined ? 0 : durationMs(offset, "every(): offset");
  if (everyMs < leastMs) throw new CeleriacError("SCHEDULE_INVALID", `every(): expected ${leastMs} ms or more, got ${everyMs} ms`);
  if (offsetMs > 0 && !relative)
    throw new CeleriacError("SCHEDULE_INVALID", "every(): offset needs relative: true, as it is one of whole multiples");
  if (offsetMs >= everyMs)
    throw new CeleriacError("SCHEDULE_INVALID", `every(): expected an offset below the interval of ${everyMs} ms, got ${offsetMs} ms`);
  return intervalSchedule({ kind: "interval", everyMs, relative, offsetMs });
}

export function intervalSchedule(json: IntervalJson): StorableSchedule {
  return Object.freeze({
    next: (after: Date) => dateOrNull(nextOf(json, after.getTime())),
    toJSON: () => json,
    toString: () =>
      `every ${durationText(json.everyMs)}${json.relative ? ", relative" : ""}${json.offsetMs > 0 ? ` + ${durationText(json.offsetMs)}` : ""}`,
  });
}

function nextOf({ everyMs, relative, offsetMs }: IntervalJson, afterMs: number): number {
  if (!relative) return afterMs + everyMs;
  return (Math.floor((afterMs - offsetMs) / everyMs) + 1) * everyMs + offsetMs;
}

function dateOrNull(epochMs: number): Date | null {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? null : date;
}
