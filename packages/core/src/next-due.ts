/** When an entry of the schedule is due next, by its schedule, what it has run, and what bounds it. Pure. */
import { CeleriacError } from "./errors.ts";
import type { Schedule } from "./schedule.ts";
import type { StoredEntry } from "./stored-entry.ts";

/** What decides when an entry is due; `schedule` is what its definition stands for. */
export type Timing = Pick<StoredEntry, "definition" | "paused" | "since" | "lastDueAt" | "runs"> & { readonly schedule: Schedule };

/** Epoch ms of the first due time that is not decided yet, however long ago; null: never again, or not while it is paused. Throws SCHEDULE_INVALID for a schedule that does not move on. */
export function nextDue(entry: Timing): number | null {
  const { definition, paused, since, lastDueAt, runs } = entry;
  if (paused || !definition.enabled || runs >= (definition.maxRuns ?? Number.POSITIVE_INFINITY)) return null;
  return dueAfter(entry, lastDueAt ?? since);
}

/** The first due time after an instant, within the entry's start and end. */
export function dueAfter({ definition, schedule }: Pick<Timing, "definition" | "schedule">, afterMs: number): number | null {
  const { startAt, endAt, name } = definition;
  const due = startAt === null || afterMs >= startAt ? askNext(schedule, afterMs, name) : firstDue(definition, schedule, startAt);
  return due === null || (endAt !== null && due > endAt) ? null : due;
}

/** An interval begins at the start, everything else is due by the clock. */
function firstDue({ schedule: json, name }: Timing["definition"], schedule: Schedule, startAt: number): number | null {
  return json.kind === "interval" && !json.relative ? startAt : askNext(schedule, startAt - 1, name);
}

function askNext(schedule: Schedule, afterMs: number, name: string): number | null {
  const due = schedule.next(new Date(afterMs))?.getTime() ?? null;
  if (due === null || due > afterMs) return due;
  throw new CeleriacError(
    "SCHEDULE_INVALID",
    `The schedule of ${JSON.stringify(name)} gave ${shown(due)} as the next due time after ${shown(afterMs)}: expected a later one`,
  );
}

function shown(epochMs: number): string {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? "an invalid date" : date.toISOString();
}

/** The coming due times, `count` at most, those that are overdue left out. */
export function comingDues(entry: Timing, nowMs: number, count: number): readonly number[] {
  const { definition, runs } = entry;
  const dues: number[] = [];
  const most = Math.min(count, definition.maxRuns === null ? count : definition.maxRuns - runs);
  const first = nextDue(entry);
  let due = first === null || first > nowMs ? first : nextOnGrid(entry, first, nowMs);
  while (due !== null && dues.length < most) {
    dues.push(due);
    due = dueAfter(entry, due);
  }
  return dues;
}

function nextOnGrid(entry: Timing, first: number, nowMs: number): number | null {
  return dueAfter(entry, latestDue(entry, first, nowMs));
}

const minuteMs = 60_000;
/** A span that has a due time in it is walked through, so the first ones are short. */
const spansMs = [1, 60, 24 * 60, 32 * 24 * 60, 367 * 24 * 60].map((minutes) => minutes * minuteMs);

/** The last due time that is not after `untilMs`, of which `first` is one: however many lie between, few are looked at. */
export function latestDue(entry: Pick<Timing, "definition" | "schedule">, first: number, untilMs: number): number {
  const { schedule } = entry.definition;
  if (schedule.kind === "interval") return first + Math.floor((untilMs - first) / schedule.everyMs) * schedule.everyMs;
  const startOf = (spanMs: number) => Math.max(first, untilMs - spanMs);
  const found = spansMs.map((spanMs) => dueAfter(entry, startOf(spanMs))).find((due) => due !== null && due <= untilMs);
  let latest = found ?? first;
  for (let due = dueAfter(entry, latest); due !== null && due <= untilMs; due = dueAfter(entry, due)) latest = due;
  return latest;
}
