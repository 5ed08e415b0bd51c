/** What the clocks of an IANA time zone show, and when they are changed: from the machine's own table, through Intl. */
import { CeleriacError } from "../errors.ts";

/** A time in which the clocks of a zone are not changed; wall = instant + offset, both in ms. */
export interface Stretch {
  readonly start: number;
  /** not part of it */
  readonly end: number;
  readonly offset: number;
  /** before `start`; the same where only the search ended */
  readonly offsetBefore: number;
  /** from `end` on */
  readonly offsetAfter: number;
}

export interface TimeZone {
  readonly name: string;
  /** The stretch that an instant lies in. */
  at(epochMs: number): Stretch;
}

const dayMs = 86_400_000;
/** No zone has changed its clocks twice within so long, in this century. */
const stepMs = 7 * dayMs;
/** Stretches are cut where these begin: so far a search goes at once. */
const spanMs = 364 * dayMs;

const known = new Map<string, TimeZone>();

/** Throws SCHEDULE_INVALID for a name that the machine's table does not have. */
export function timeZone(name: string): TimeZone {
  const found = known.get(name);
  if (found !== undefined) return found;
  const zone = openZone(name);
  known.set(name, zone);
  return zone;
}

function openZone(name: string): TimeZone {
  const offsetAt = offsetReader(name);
  /** span → its stretches, ascending */
  const spans = new Map<number, readonly Stretch[]>();

  function stretches(span: number): readonly Stretch[] {
    const cached = spans.get(span);
    if (cached !== undefined) return cached;
    const [from, to] = [span * spanMs, (span + 1) * spanMs];
    const found: Stretch[] = [];
    let start = from;
    let offsetBefore = offsetAt(from - 1);
    let offset = offsetAt(from);
    for (let probe = from; probe < to; probe += stepMs) {
      const end = Math.min(probe + stepMs, to);
      if (offsetAt(end - 1) === offset) continue;
      const change = changeWithin(probe, end - 1, offset);
      const offsetAfter = offsetAt(change);
      found.push({ start, end: change, offset, offsetBefore, offsetAfter });
      [start, offsetBefore, offset] = [change, offset, offsetAfter];
    }
    found.push({ start, end: to, offset, offsetBefore, offsetAfter: offsetAt(to) });
    spans.set(span, found);
    return found;
  }

  /** The first instant that has not `offset` any more; it has at `low`, and not at `high`. */
  function changeWithin(low: number, high: number, offset: number): number {
    let [before, after] = [low, high];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (offsetAt(middle) === offset) before = middle;
      else after = middle;
    }
    return after;
  }

  return {
    name,
    at(epochMs) {
      const all = stretches(Math.floor(epochMs / spanMs));
      return all.find(({ end }) => epochMs < end)!;
    },
  };
}

function offsetReader(name: string): (epochMs: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      calendar: "iso8601",
      hourCycle: "h23",
      ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" },
    });
  } catch {
    throw new CeleriacError(
      "SCHEDULE_INVALID",
      `${JSON.stringify(name)} is no time zone of this machine: expected a name of the IANA table, such as Europe/Oslo or UTC`,
    );
  }
  return (epochMs) => {
    // Whole seconds, towards the past as well.
    const instant = Math.floor(epochMs / 1_000) * 1_000;
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(instant)) part[type] = Number(value);
    const { year, month, day, hour, minute, second } = part as Record<"year" | "month" | "day" | "hour" | "minute" | "second", number>;
    return Date.UTC(year, month - 1, day, hour, minute, second) - instant;
  };
}
