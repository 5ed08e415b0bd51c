/** The setting `beat_schedule`, as Celery projects have it: turned into entries like those of app.schedule(). */
import { type CallOptions, callOptionNames } from "./call.ts";
import { CeleriacError } from "./errors.ts";
import { isDuration } from "./option-check.ts";
import { isSchedule, type Schedule } from "./schedule.ts";
import { type DeclaredEntry, declareEntry, optionsOnWire, type ScheduleOptions } from "./schedule-entry.ts";
import { every } from "./schedules/interval.ts";
import { camelCase, shownValue, unknownName } from "./setting.ts";
import type { CeleryBeatEntry } from "./settings/beat.ts";

const known: Readonly<Record<keyof CeleryBeatEntry, true>> = {
  task: true,
  schedule: true,
  args: true,
  kwargs: true,
  options: true,
  relative: true,
};

/** Throws SCHEDULE_INVALID, CONFIG_UNKNOWN, CONFIG_INVALID, CONFIG_DURATION. */
export function readCelerySchedule(entries: Readonly<Record<string, CeleryBeatEntry>>): readonly DeclaredEntry[] {
  return Object.entries(entries).map(([name, entry]) => readEntry(name, entry));
}

function readEntry(name: string, entry: CeleryBeatEntry): DeclaredEntry {
  const refusal = (problem: string) => new CeleriacError("SCHEDULE_INVALID", `beatSchedule, entry ${JSON.stringify(name)}: ${problem}`);
  for (const key of Object.keys(entry))
    if (!Object.hasOwn(known, key)) throw unknownName(`member of beatSchedule.${name}`, key, Object.keys(known));
  const { task, args = [], kwargs = {} } = entry;
  if (typeof task !== "string" || task === "") throw refusal(`expected the name of a task, got ${shownValue(task)}`);
  if (!Array.isArray(args)) throw refusal(`expected a list of arguments, got ${shownValue(args)}`);
  const [call, own] = sorted(entry.options ?? {});
  const what = { ...optionsOnWire(task, call), args, kwargs };
  return declareEntry(name, scheduleOf(entry, refusal), what, own);
}

function scheduleOf({ schedule, relative = false }: CeleryBeatEntry, refusal: (problem: string) => Error): Schedule {
  if (isSchedule(schedule)) return schedule;
  if (isDuration(schedule, "schedule")) return every(schedule, { relative });
  throw refusal(`expected a schedule, or seconds, got ${shownValue(schedule)}`);
}

/** Options of the call, and those of the entry; in either spelling. */
function sorted(options: Readonly<Record<string, unknown>>): readonly [CallOptions, ScheduleOptions] {
  const entries = Object.entries(options).map(([name, value]) => [camelCase(name), value] as const);
  const isOfCall = ([name]: readonly [string, unknown]) => callOptionNames.includes(name);
  return [Object.fromEntries(entries.filter(isOfCall)), Object.fromEntries(entries.filter((each) => !isOfCall(each)))];
}
