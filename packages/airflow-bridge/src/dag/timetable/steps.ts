/** The times that a schedule names, one after the other, and how Airflow brings any other time in line with them. Timetables make runs of them. */

export interface Ticks {
  readonly text: string;
  /** The first one after that; null: never again. */
  next(after: number): number | null;
  /** The last one before that. */
  prev(before: number): number | null;
}

export interface Steps extends Ticks {
  /** That time if it is one of them, else the next one, or the one before. */
  alignNext(at: number): number | null;
  alignPrev(at: number): number | null;
  /** Of a DAG without a start. */
  firstRun(now: number): number | null;
  /** Where the last interval begins that is over, and not before `earliest`. */
  latestStart(earliest: number | null, now: number): number | null;
}

const leastLatenessMs = 300_000;

/** Of times that are the same whoever asks: those of a cron expression, for instance. */
export function tickSteps(ticks: Ticks): Steps {
  const { next, prev } = ticks;

  function alignNext(at: number): number | null {
    const following = next(at);
    if (following === null) return prev(at + 1) === at ? at : null;
    return prev(following) === at ? at : following;
  }

  function alignPrev(at: number): number | null {
    const previous = prev(at);
    if (previous === null) return next(at - 1) === at ? at : null;
    return next(previous) === at ? at : previous;
  }

  return {
    ...ticks,
    alignNext,
    alignPrev,
    firstRun(now) {
      const [past, following] = [alignPrev(now), alignNext(now)];
      if (past === null || following === null) return following;
      // The last one counts until a tenth of the time to the next one is over.
      return now - past <= Math.max((following - past) / 10, leastLatenessMs) ? past : following;
    },
    latestStart(earliest, now) {
      const last = prev(now);
      const start = last === null ? next(now) : next(last) === now ? last : (prev(last) ?? last);
      if (earliest === null) return start;
      const first = alignNext(earliest);
      return first === null || start === null ? null : Math.max(start, first);
    },
  };
}
