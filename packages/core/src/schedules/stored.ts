/** The way back from what was stored to a schedule. */
import type { Schedule, ScheduleJson } from "../schedule.ts";
import { clockedSchedule } from "./clocked.ts";
import { crontabSchedule } from "./crontab.ts";
import { intervalSchedule } from "./interval.ts";
import { solarSchedule } from "./solar.ts";

/** `appZone`: the time zone of a crontab that names none. Throws SCHEDULE_INVALID for a zone or a field that this machine does not know. */
export function storedSchedule(json: ScheduleJson, appZone: string): Schedule {
  switch (json.kind) {
    case "interval":
      return intervalSchedule(json);
    case "crontab":
      return crontabSchedule(json, appZone);
    case "solar":
      return solarSchedule(json);
    case "clocked":
      return clockedSchedule(json.at);
  }
}
