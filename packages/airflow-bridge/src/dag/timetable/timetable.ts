/**
 * When runs of a DAG come about, and which time the data of each is from: the contract of the timetables in timetable/, in the words of
 * Airflow 3. The scheduler asks for the next run after each one it made. Times are epoch ms.
 */

/** From `start` on, without `end`; both may be the same. */
export interface DataInterval {
  readonly start: number;
  readonly end: number;
}

export interface RunInfo {
  /** made as soon as this is past */
  readonly runAfter: number;
  /** begin of its interval: one of its names */
  readonly logicalDate: number;
  readonly interval: DataInterval;
}

export interface RunLimits {
  /** start and end of the DAG; null: none. No run begins before, or after. */
  readonly earliest: number | null;
  readonly latest: number | null;
  /** every run that was missed, or only the last one */
  readonly catchUp: boolean;
}

export interface Timetable {
  /** for lists: "@daily", "0 3 * * *", "every 90s" */
  readonly text: string;
  /** as many runs at once make sense; null: any number */
  readonly mostActiveRuns: number | null;
  /** `last`: interval of the last run that a schedule made, null where there is none. null: no run is to come. */
  next(last: DataInterval | null, limits: RunLimits, now: number): RunInfo | null;
  /** The interval of a run that somebody asks for. */
  manual(runAfter: number): DataInterval;
}

export function runOf(interval: DataInterval): RunInfo {
  return { runAfter: interval.end, logicalDate: interval.start, interval };
}

/** For timetables whose runs by hand are about a point of time. */
export function exactly(at: number): DataInterval {
  return { start: at, end: at };
}
