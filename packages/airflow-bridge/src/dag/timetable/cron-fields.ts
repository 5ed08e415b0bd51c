/** Reads a cron expression as croniter does, whose dialect Airflow's users write: five fields, or six with the seconds last. */
import { CeleriacError } from "@celeriac/core/runtime";

/** The values of each field, ascending; null: any. */
export interface CronFields {
  readonly second: readonly number[];
  readonly minute: readonly number[];
  readonly hour: readonly number[];
  readonly dayOfMonth: readonly number[] | null;
  /** the last day of the month counts, too */
  readonly lastDay: boolean;
  /** the working day nearest to it, in its month; null: none was said */
  readonly nearWorkday: number | null;
  readonly month: readonly number[];
  readonly dayOfWeek: readonly number[] | null;
  /** only so many of the days of the week in a month; empty: all of them */
  readonly nthWeekdays: readonly NthWeekday[];
  readonly everyHour: boolean;
  readonly bySeconds: boolean;
}

export interface NthWeekday {
  readonly weekday: number;
  readonly nth: number | "last";
}

interface Field {
  readonly said: string;
  readonly least: number;
  readonly most: number;
  readonly names: readonly string[];
}

const fields = {
  minute: { said: "minute", least: 0, most: 59, names: [] },
  hour: { said: "hour", least: 0, most: 23, names: [] },
  dayOfMonth: { said: "day of month", least: 1, most: 31, names: [] },
  month: {
    said: "month",
    least: 1,
    most: 12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  dayOfWeek: { said: "day of week", least: 0, most: 6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
  second: { said: "second", least: 0, most: 59, names: [] },
} as const satisfies Record<string, Field>;

/** Throws SCHEDULE_INVALID, naming the field and what it may hold. */
export function readCron(expression: string): CronFields {
  const texts = expression.trim().toLowerCase().split(/\s+/);
  if (texts.length !== 5 && texts.length !== 6)
    throw invalid(
      `${JSON.stringify(expression)} has ${texts.length} fields: expected five, from minute to day of week, or six with seconds`,
    );
  const [minute, hour, dayOfMonth, month, dayOfWeek, second] = texts as [string, string, string, string, string, string?];
  const inMonth = readDaysOfMonth(dayOfMonth);
  const inWeek = readDaysOfWeek(dayOfWeek);
  const hours = readValues(fields.hour, hour);
  return {
    second: second === undefined ? [0] : readValues(fields.second, second),
    minute: readValues(fields.minute, minute),
    hour: hours,
    ...inMonth,
    // All days one by one are no restriction, but where the other field of a day restricts.
    dayOfMonth: isAll(fields.dayOfMonth, inMonth.dayOfMonth) && dayOfWeek.includes("*") ? null : inMonth.dayOfMonth,
    month: readValues(fields.month, month),
    ...inWeek,
    dayOfWeek: isAll(fields.dayOfWeek, inWeek.dayOfWeek) && dayOfMonth.includes("*") ? null : inWeek.dayOfWeek,
    everyHour: isAll(fields.hour, hours),
    bySeconds: second !== undefined,
  };
}

function readDaysOfMonth(text: string): Pick<CronFields, "dayOfMonth" | "lastDay" | "nearWorkday"> {
  if (text === "*" || text === "?") return { dayOfMonth: null, lastDay: false, nearWorkday: null };
  const workday = /^(?:(\d+)w|w(\d+))$/.exec(text);
  if (workday !== null) {
    const day = numberOf(fields.dayOfMonth, workday[1] ?? workday[2]!, text);
    return { dayOfMonth: [day], lastDay: false, nearWorkday: day };
  }
  const parts = text.split(",");
  const others = parts.filter((part) => part !== "l").map((part) => part.replace(/-l(?=\/|$)/, "-31"));
  return {
    dayOfMonth: others.length === 0 ? [] : readValues(fields.dayOfMonth, others.join(",")),
    lastDay: others.length < parts.length,
    nearWorkday: null,
  };
}

function readDaysOfWeek(text: string): Pick<CronFields, "dayOfWeek" | "nthWeekdays"> {
  if (text === "*" || text === "?") return { dayOfWeek: null, nthWeekdays: [] };
  const nthWeekdays: NthWeekday[] = [];
  const plain: string[] = [];
  for (const part of text.split(",")) {
    const [, days, nth, lastDay] = /^(?:([^#]+)#(\d+)|l(\d))$/.exec(part) ?? [];
    if (days === undefined && lastDay === undefined) plain.push(part);
    else if (nth !== undefined && !(Number(nth) >= 1 && Number(nth) <= 5)) throw fieldError(fields.dayOfWeek, text, `#${nth}, of 1 to 5`);
    else
      for (const weekday of readValues(fields.dayOfWeek, days ?? lastDay!))
        nthWeekdays.push({ weekday, nth: nth === undefined ? "last" : Number(nth) });
  }
  if (nthWeekdays.length > 0 && plain.length > 0) throw fieldError(fields.dayOfWeek, text, "some days with # or L, and some without");
  const dayOfWeek = plain.length === 0 ? nthWeekdays.map(({ weekday }) => weekday) : readValues(fields.dayOfWeek, plain.join(","));
  return { dayOfWeek, nthWeekdays };
}

function readValues(field: Field, text: string): readonly number[] {
  const values = new Set(text.split(",").flatMap((part) => partValues(field, part, text)));
  return [...values].sort((left, right) => left - right);
}

/** `*`, `n`, `n-m`, each with `/step`; a step without an end goes to the end of the field. */
function partValues(field: Field, part: string, text: string): readonly number[] {
  const [, star, first, last, stepText] = /^(?:(\*)|([a-z]+|\d+)(?:-([a-z]+|\d+))?)(?:\/(\d+))?$/.exec(part) ?? [];
  if (star === undefined && first === undefined) throw fieldError(field, text, part === "" ? "an empty part" : JSON.stringify(part));
  const step = Number(stepText ?? 1);
  if (step < 1) throw fieldError(field, text, "a step of 0");
  if (star !== undefined) return range(field.least, field.most, step);
  const from = numberOf(field, first!, text);
  if (last === undefined && stepText === undefined) return [from];
  const to = last === undefined ? field.most : numberOf(field, last, text);
  // From a value to itself is once around.
  if (from === to) return range(field.least, field.most, step);
  return from < to ? range(from, to, step) : wrapped(field, from, to, step);
}

/** Over the end of the field: 22-4, fri-mon. A step that ends in front of the last value goes on one later than it would, as croniter has it. */
function wrapped(field: Field, from: number, to: number, step: number): readonly number[] {
  const low = range(from, field.most, step);
  const left = field.most - low.at(-1)!;
  const skips = low.at(-1)! + step > field.most + 1 && left < step;
  return [...low, ...range(field.least + (skips ? step - left : 0), to, step)];
}

function range(from: number, to: number, step: number): readonly number[] {
  return Array.from({ length: Math.max(0, Math.floor((to - from) / step) + 1) }, (_, at) => from + at * step);
}

function numberOf(field: Field, word: string, text: string): number {
  const value = /^\d+$/.test(word) ? Number(word) : field.names.indexOf(word) + field.least;
  if (field === fields.dayOfWeek && word === "7") return 0;
  const isKnown = /^\d+$/.test(word) ? value >= field.least && value <= field.most : field.names.includes(word);
  if (!isKnown) throw fieldError(field, text, JSON.stringify(word));
  return value;
}

function isAll({ least, most }: Field, values: readonly number[] | null): boolean {
  return values !== null && values.length === most - least + 1;
}

function fieldError({ said, least, most, names }: Field, text: string, came: string): CeleriacError {
  const named = names.length === 0 ? "" : ` or ${names[0]} to ${names.at(-1)}`;
  return invalid(
    `the field ${said} is ${JSON.stringify(text)}: expected ${least} to ${most}${named}, lists, ranges and steps of them, got ${came}`,
  );
}

function invalid(what: string): CeleriacError {
  return new CeleriacError("SCHEDULE_INVALID", `schedule: ${what}`);
}
