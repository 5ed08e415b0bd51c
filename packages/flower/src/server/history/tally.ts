/** Counts what happened to each kind of task in each minute and hour: increments, which a history adds to what it has. */
import type { HeardTaskEvent } from "./heard-event.ts";
import { histogramBounds, type Slice } from "./history.ts";
import type { TaskRecord } from "./task-record.ts";

export const minute = 60;
export const hour = 3_600;

/** What is added to the slice of one name and queue. */
export interface SliceIncrement extends Slice {
  readonly step: typeof minute | typeof hour;
  readonly name: string;
  /** "": nobody said */
  readonly queue: string;
  /** epoch seconds of the newest event in it */
  readonly lastAt: number;
}

const counted: ReadonlySet<string> = new Set(["received", "succeeded", "failed", "retried", "revoked"] satisfies (keyof Slice)[]);
type Counted = "received" | "succeeded" | "failed" | "retried" | "revoked";

const endedAs: Readonly<Record<string, "succeeded" | "failed" | "revoked">> = {
  SUCCESS: "succeeded",
  FAILURE: "failed",
  REVOKED: "revoked",
};
/** A result is stored, and its event told, within so many seconds. */
const oneEndSeconds = 2;

type Growing = { -readonly [K in keyof SliceIncrement]: SliceIncrement[K] extends readonly number[] ? number[] : SliceIncrement[K] };

export class Tally {
  readonly #slices = new Map<string, Growing>();

  /** `before`, `task`: as it was, and is after the event. `now`: epoch seconds; no slice begins later. */
  add(event: HeardTaskEvent, before: TaskRecord | null, task: TaskRecord, now: number): void {
    const isToCount = counted.has(event.subject) && !isFoundEnd(before, event);
    for (const slice of this.#slicesAt(Math.min(event.timestamp, now), task)) {
      if (isToCount) slice[event.subject as Counted] += 1;
      const wait = event.subject === "started" ? waitOf(task) : null;
      if (wait !== null) slice.wait[bucketOf(wait)]! += 1;
      const run = event.subject === "succeeded" ? task.runtime : null;
      if (run !== null) slice.run[bucketOf(run)]! += 1;
    }
  }

  /** An end that no event has told, and that was found out elsewhere. `task`: as it is with it. */
  addFound(task: TaskRecord, now: number): void {
    const subject = endedAs[task.state];
    if (subject === undefined) return;
    for (const slice of this.#slicesAt(Math.min(task[subject] ?? now, now), task)) slice[subject] += 1;
  }

  get increments(): readonly SliceIncrement[] {
    return [...this.#slices.values()];
  }

  /** That of the minute, and that of the hour. */
  #slicesAt(at: number, { name, queue }: TaskRecord): readonly Growing[] {
    return ([minute, hour] as const).map((step) => {
      const slice = this.#slice(step, Math.floor(at / step) * step, name ?? "", queue ?? "");
      slice.lastAt = Math.max(slice.lastAt, at);
      return slice;
    });
  }

  #slice(step: typeof minute | typeof hour, at: number, name: string, queue: string): Growing {
    const key = `${step}\n${at}\n${name}\n${queue}`;
    const known = this.#slices.get(key);
    if (known !== undefined) return known;
    const fresh: Growing = { step, name, queue, lastAt: 0, ...emptySlice(at) };
    this.#slices.set(key, fresh);
    return fresh;
  }
}

/** Whether it tells of an end that was found out, and counted, before it came. What an event has told of is as old as the task's newest one. */
function isFoundEnd(before: TaskRecord | null, { subject, timestamp }: HeardTaskEvent): boolean {
  const ended = before === null ? undefined : endedAs[before.state];
  if (before === null || ended === undefined || ended !== subject || before[ended] === before.timestamp) return false;
  const at = before[ended];
  return at === null || Math.abs(timestamp - at) <= oneEndSeconds;
}

export function emptySlice(at: number): Slice & { wait: number[]; run: number[] } {
  const empty = () => new Array<number>(histogramBounds.length + 1).fill(0);
  return { at, received: 0, succeeded: 0, failed: 0, retried: 0, revoked: 0, wait: empty(), run: empty() };
}

/** Seconds between received and started; null: it has an eta, for which a worker holds it back, or it was not received. */
export function waitOf({ eta, received, started }: TaskRecord): number | null {
  return eta !== null || received === null || started === null || started < received ? null : started - received;
}

function bucketOf(seconds: number): number {
  const bucket = histogramBounds.findIndex((bound) => seconds <= bound);
  return bucket === -1 ? histogramBounds.length : bucket;
}
