/** Options of a DAG: what its author may say, and what the model makes of it. */
import type { Schedule } from "@celeriac/core";
import {
  CeleriacError,
  checkOptions,
  type Duration,
  durationMs,
  isCount,
  isDate,
  isDuration,
  isFlag,
  isRecord,
  isText,
  type OptionCheck,
  reasonOf,
  shownValue,
} from "@celeriac/core/runtime";
import type { DagModel, DagSchedule } from "../model.ts";
import { createTimetable } from "../timetable/create-timetable.ts";
import { checkNodeOptions, type NodeOptions, stated } from "./node-options.ts";

export type SchedulePreset =
  | "@once"
  | "@continuous"
  | "@hourly"
  | "@daily"
  | "@midnight"
  | "@weekly"
  | "@monthly"
  | "@quarterly"
  | "@yearly"
  | "@annually";

export interface DagOptions {
  /** a preset, a cron expression of five fields, crontab(), every(), or one of your own; null, the default: only when it is triggered */
  schedule?: SchedulePreset | CronExpression | Schedule | null;
  /** no scheduled run before */
  startAt?: Date;
  /** none after */
  endAt?: Date;
  /** of a preset or an expression, such as "Europe/Oslo"; default: the app's timezone */
  tz?: string;
  /** Airflow 3's rules (the default), or 2.x's data intervals, where the run of an interval begins at its end */
  timetable?: "trigger" | "interval";
  /** makes all runs that were missed since startAt, or since the last one; false: the latest only */
  catchUp?: boolean;
  /** 16 */
  maxActiveRuns?: number;
  /** of one run at once; 16 */
  maxActiveTasks?: number;
  /** then the run has failed; default: as long as it likes */
  dagrunTimeout?: Duration;
  /** of all its tasks */
  defaults?: Omit<NodeOptions, "id">;
  /** what a run has as `params`, unless it is triggered with others */
  params?: Readonly<Record<string, unknown>>;
  tags?: readonly string[];
}

export type CronExpression = `${string} ${string} ${string} ${string} ${string}`;

const checks: Readonly<Record<keyof DagOptions, OptionCheck>> = {
  schedule: (value) => value === null || isText(value) || isRecord(value),
  startAt: isInstant,
  endAt: isInstant,
  tz: isText,
  timetable: (value) => value === "trigger" || value === "interval",
  catchUp: isFlag,
  maxActiveRuns: (value) => isCount(value) && value !== 0,
  maxActiveTasks: (value) => isCount(value) && value !== 0,
  dagrunTimeout: isDuration,
  defaults: isRecord,
  params: isRecord,
  tags: (value) => Array.isArray(value) && value.every(isText),
};

/** Throws CONFIG_UNKNOWN with the nearest name, CONFIG_DURATION, DAG_DEFINITION, SCHEDULE_INVALID. */
export function readDagOptions(id: string, options: DagOptions, appZone: string): Omit<DagModel, "id" | "tasks" | "groups" | "log"> {
  checkOptions(`the DAG ${id}`, checks, options, (name, value) => refused(id, `option ${name} cannot be ${shownValue(value)}`));
  const { defaults = {}, startAt, endAt, dagrunTimeout } = options;
  if ("id" in defaults) throw refused(id, "defaults cannot have an id: each task has its own");
  checkNodeOptions(`defaults of the DAG ${id}`, defaults);
  const schedule = readSchedule(id, options, appZone);
  if (options.catchUp === true && schedule.when !== null && startAt === undefined)
    throw refused(id, "catchUp needs startAt, to know since when");
  if (startAt !== undefined && endAt !== undefined && endAt < startAt) throw refused(id, "endAt is before startAt");
  return {
    schedule,
    startAt: startAt?.getTime() ?? null,
    endAt: endAt?.getTime() ?? null,
    catchUp: options.catchUp ?? false,
    maxActiveRuns: options.maxActiveRuns ?? 16,
    maxActiveTasks: options.maxActiveTasks ?? 16,
    runTimeoutMs: dagrunTimeout === undefined ? null : durationMs(dagrunTimeout),
    params: Object.freeze({ ...options.params }),
    tags: Object.freeze([...(options.tags ?? [])]),
  };
}

/** What its tasks have unless they say otherwise. */
export function defaultsOf({ defaults = {} }: DagOptions): NodeOptions {
  return stated(defaults);
}

function readSchedule(id: string, { schedule = null, tz, timetable = "trigger" }: DagOptions, appZone: string): DagSchedule {
  const read: DagSchedule = Object.freeze({ when: schedule, tz: tz ?? appZone, timetable });
  try {
    createTimetable(read);
  } catch (cause) {
    throw new CeleriacError("SCHEDULE_INVALID", `The DAG ${id}: ${reasonOf(cause)}`, { cause });
  }
  return read;
}

function isInstant(value: unknown): boolean {
  return isDate(value) && !Number.isNaN((value as Date).getTime());
}

function refused(id: string, why: string): CeleriacError {
  return new CeleriacError("DAG_DEFINITION", `The DAG ${id}: ${why}`);
}
