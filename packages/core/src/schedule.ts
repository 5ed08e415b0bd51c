/** The contract of a schedule: when something is due. Values of it are made in `schedules/`; beat asks nothing else of them, so a project may bring its own. */

/** Anything with these two may be scheduled by; it has to give the same answer to the same question, always. */
export interface Schedule {
  /** The first due time after that instant; null: never again. */
  next(after: Date): Date | null;
  /** For lists and logs. */
  toString(): string;
}

/** The schedules that are ours, as they are stored. Times are epoch ms, `tz` null is the app's time zone. */
export type ScheduleJson =
  | { readonly kind: "interval"; readonly everyMs: number; readonly relative: boolean; readonly offsetMs: number }
  | {
      readonly kind: "crontab";
      readonly fields: CrontabJson;
      /** a day is due where both of its fields say so, as Celery has it; or where either does, as cron */
      readonly days: "both" | "either";
      readonly tz: string | null;
      readonly onGap: OnGap | null;
      readonly onOverlap: OnOverlap | null;
    }
  | { readonly kind: "solar"; readonly event: SolarEvent; readonly latitude: number; readonly longitude: number }
  | { readonly kind: "clocked"; readonly at: number };

export interface CrontabJson {
  readonly minute: string;
  readonly hour: string;
  readonly dayOfMonth: string;
  readonly monthOfYear: string;
  readonly dayOfWeek: string;
}

/** What becomes of a time that a clock change leaves out: due when the clock goes on, or not at all. */
export type OnGap = "run-after" | "skip";
/** Which one counts of a time that a clock change repeats. */
export type OnOverlap = "first" | "second" | "both";

export const solarEvents = [
  "dawn_astronomical",
  "dawn_nautical",
  "dawn_civil",
  "sunrise",
  "solar_noon",
  "sunset",
  "dusk_civil",
  "dusk_nautical",
  "dusk_astronomical",
] as const;
export type SolarEvent = (typeof solarEvents)[number];

/** A schedule of ours: it can be stored. */
export interface StorableSchedule extends Schedule {
  toJSON(): ScheduleJson;
}

export function isSchedule(value: unknown): value is Schedule {
  return typeof value === "object" && value !== null && typeof (value as Partial<Schedule>).next === "function";
}

export function isStorable(schedule: Schedule): schedule is StorableSchedule {
  return typeof (schedule as Partial<StorableSchedule>).toJSON === "function";
}
