/** From what a DAG says of its schedule to its timetable: presets, cron expressions and core's schedules, by the rules of Airflow 3 or 2. */
import { CeleriacError, isSchedule, isStorable, nearest, type Schedule, storedSchedule } from "@celeriac/core/runtime";
import type { DagSchedule } from "../model.ts";
import { continuousTimetable } from "./continuous.ts";
import { cronTicks } from "./cron.ts";
import { deltaSteps } from "./delta.ts";
import { intervalTimetable } from "./interval.ts";
import { neverTimetable } from "./never.ts";
import { onceTimetable } from "./once.ts";
import { scheduleTicks } from "./schedule-ticks.ts";
import { type Steps, tickSteps } from "./steps.ts";
import type { Timetable } from "./timetable.ts";
import { triggerTimetable } from "./trigger.ts";

const presets: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@quarterly": "0 0 1 */3 *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

/**
 * A schedule of core's keeps its own rules for clock changes. Throws SCHEDULE_INVALID for what is no preset and no cron expression, for one
 * that is never due, and for a time zone that this machine does not know.
 */
export function createTimetable({ when, tz, timetable }: DagSchedule): Timetable {
  if (when === null) return neverTimetable;
  if (when === "@once") return onceTimetable;
  if (when === "@continuous") return continuousTimetable;
  const steps = typeof when === "string" ? cronSteps(when, tz) : scheduleSteps(when, tz);
  return timetable === "trigger" ? triggerTimetable(steps) : intervalTimetable(steps);
}

function cronSteps(when: string, tz: string): Steps {
  const text = when.trim();
  if (text.startsWith("@") && !Object.hasOwn(presets, text)) {
    const known = ["@once", "@continuous", ...Object.keys(presets)];
    const near = nearest(text, known);
    throw invalid(`${JSON.stringify(when)} is no preset: ${near === null ? `expected ${known.join(", ")}` : `did you mean ${near}?`}`);
  }
  const ticks = cronTicks(presets[text] ?? text, tz);
  if (ticks.next(0) === null) throw invalid(`${JSON.stringify(when)} is never due: no such day comes`);
  return tickSteps({ ...ticks, text });
}

function scheduleSteps(schedule: Schedule, tz: string): Steps {
  if (!isSchedule(schedule)) throw invalid(`expected a preset, a cron expression, a schedule or null, got ${typeof schedule}`);
  const json = isStorable(schedule) ? schedule.toJSON() : null;
  if (json?.kind === "interval" && !json.relative) return deltaSteps(json.everyMs, String(schedule));
  return tickSteps(scheduleTicks(json === null ? schedule : storedSchedule(json, tz)));
}

function invalid(what: string): CeleriacError {
  return new CeleriacError("SCHEDULE_INVALID", `schedule: ${what}`);
}
