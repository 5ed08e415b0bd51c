/** Settings of schedules and of beat: rows of the table in config.ts. */
import type { Duration } from "../duration.ts";
import type { Schedule } from "../schedule.ts";
import { timeZone } from "../schedules/time-zone.ts";
import { durationSetting, type Setting, textSetting } from "../setting.ts";

/** An entry as Celery projects have it. */
export interface CeleryBeatEntry {
  readonly task: string;
  /** a bare number is seconds */
  readonly schedule: Duration | Schedule;
  readonly args?: readonly unknown[] | undefined;
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined;
  /** call options, in camelCase or in Celery's names; and those of an entry, such as `catchUp` */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** of an interval: at whole multiples of it */
  readonly relative?: boolean | undefined;
}

const zoneSetting: Setting<string> = {
  kind: "name of a time zone, as in the IANA table",
  default: "UTC",
  doc: "The time zone of crontabs that name none.",
  read(value) {
    if (value === null) return "UTC";
    if (typeof value !== "string") return undefined;
    try {
      return timeZone(value).name;
    } catch {
      return undefined;
    }
  },
};

const scheduleSetting: Setting<Readonly<Record<string, CeleryBeatEntry>>> = {
  kind: "object of entries, each {task, schedule, …}",
  default: Object.freeze({}),
  doc: "Entries of the schedule, in Celery's form; beside those of app.schedule().",
  read(value) {
    if (value === null) return {};
    const isRecord = (each: unknown) => typeof each === "object" && each !== null && !Array.isArray(each);
    return isRecord(value) && Object.values(value as object).every(isRecord)
      ? (value as Readonly<Record<string, CeleryBeatEntry>>)
      : undefined;
  },
};

export const beatSettings = {
  timezone: zoneSetting,
  beatSchedule: scheduleSetting,
  beatCronStartingDeadline: durationSetting<Duration | null>(
    null,
    "Nothing of a crontab is sent that was due longer ago, unless its entry has a `deadline`; null = no limit.",
    { nullable: true },
  ),
  scheduleStore: textSetting(
    null,
    "Where schedules are kept: redis://, db+postgresql://, sqlite:// (a file of one machine, with -schedules behind its name) or memory://. Unset: with the broker; with RabbitMQ on the coordinator, else with the results.",
    { secret: true, env: "CELERIAC_SCHEDULE_STORE" },
  ),
} as const;
