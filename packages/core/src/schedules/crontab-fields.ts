/** Reads the five fields of a crontab: numbers, names, lists, ranges (which may wrap, as in Celery) and steps. */
import { CeleriacError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { CrontabJson } from "../schedule.ts";

export interface CrontabFields {
  readonly minute?: string | number | undefined;
  readonly hour?: string | number | undefined;
  readonly dayOfMonth?: string | number | undefined;
  readonly monthOfYear?: string | number | undefined;
  /** 0 to 6 from Sunday (7 is Sunday, too), or names */
  readonly dayOfWeek?: string | number | undefined;
}

/** The values of each field, ascending. */
export type CrontabValues = { readonly [K in keyof CrontabJson]: readonly number[] };

interface FieldRow {
  readonly said: string;
  readonly least: number;
  readonly most: number;
  readonly names: readonly string[];
}

const rows: Readonly<Record<keyof CrontabJson, FieldRow>> = {
  minute: { said: "minute", least: 0, most: 59, names: [] },
  hour: { said: "hour", least: 0, most: 23, names: [] },
  dayOfMonth: { said: "day of month", least: 1, most: 31, names: [] },
  monthOfYear: {
    said: "month of year",
    least: 1,
    most: 12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  dayOfWeek: { said: "day of week", least: 0, most: 6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
};

/** In the order of a line of cron's. */
export const crontabFieldNames = Object.keys(rows) as readonly (keyof CrontabJson)[];

const shortcuts: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** "0 3 * * mon-fri", or cron's "@daily". Throws SCHEDULE_INVALID. */
export function splitCrontab(line: string): CrontabJson {
  const text = line.trim();
  const known = Object.hasOwn(shortcuts, text) ? shortcuts[text]! : text;
  if (known.startsWith("@")) {
    const near = nearest(known, Object.keys(shortcuts));
    throw invalid(
      `${JSON.stringify(line)} is no shortcut of cron's: ${near === null ? Object.keys(shortcuts).join(", ") : `did you mean ${near}?`}`,
    );
  }
  const parts = known.split(/\s+/);
  if (parts.length !== 5)
    throw invalid(
      `${JSON.stringify(line)} has ${parts.length} fields: expected five, minute, hour, day of month, month of year and day of week`,
    );
  const [minute, hour, dayOfMonth, monthOfYear, dayOfWeek] = parts as [string, string, string, string, string];
  return { minute, hour, dayOfMonth, monthOfYear, dayOfWeek };
}

/** What is not given is "*". Throws SCHEDULE_INVALID for a name that is no field's. */
export function fieldTexts(fields: CrontabFields): CrontabJson {
  for (const name of Object.keys(fields)) {
    if (Object.hasOwn(rows, name)) continue;
    const near = nearest(name, crontabFieldNames);
    throw invalid(
      `there is no field ${name}: ${near === null ? `the fields are ${crontabFieldNames.join(", ")}` : `did you mean ${near}?`}`,
    );
  }
  return Object.fromEntries(crontabFieldNames.map((name) => [name, String(fields[name] ?? "*")])) as unknown as CrontabJson;
}

/** Throws SCHEDULE_INVALID, naming the field and what it may hold. */
export function crontabValues(texts: CrontabJson): CrontabValues {
  return {
    minute: valuesOf(rows.minute, texts.minute),
    hour: valuesOf(rows.hour, texts.hour),
    dayOfMonth: valuesOf(rows.dayOfMonth, texts.dayOfMonth),
    monthOfYear: valuesOf(rows.monthOfYear, texts.monthOfYear),
    dayOfWeek: valuesOf(rows.dayOfWeek, texts.dayOfWeek),
  };
}

/** Does the field let everything pass? */
export function isEvery(name: keyof CrontabJson, values: CrontabValues): boolean {
  return values[name].length === rows[name].most - rows[name].least + 1;
}

/** Thousands of entries have the same few fields. */
const readBefore = new Map<FieldRow, Map<string, readonly number[]>>();
const mostRemembered = 1_000;

function valuesOf(row: FieldRow, text: string): readonly number[] {
  const known = readBefore.get(row) ?? new Map<string, readonly number[]>();
  readBefore.set(row, known);
  const found = known.get(text) ?? readValues(row, text);
  if (known.size < mostRemembered) known.set(text, found);
  return found;
}

function readValues(row: FieldRow, text: string): readonly number[] {
  const values = new Set<number>();
  for (const part of text.toLowerCase().split(",")) for (const value of partValues(row, part.trim(), text)) values.add(value);
  return [...values].sort((left, right) => left - right);
}

/** `*`, `n`, `n-m`, and the first and last with `/step`. */
function* partValues(row: FieldRow, part: string, text: string): Generator<number> {
  const match = /^(?:(\*)|([a-z]+|\d+)(?:-([a-z]+|\d+))?)(?:\/(\d+))?$/.exec(part);
  if (match === null) throw fieldError(row, text, part === "" ? "an empty part" : JSON.stringify(part));
  const [, star, first, last, stepText] = match;
  const step = stepText === undefined ? 1 : Number(stepText);
  if (step < 1) throw fieldError(row, text, "a step of 0");
  if (star === undefined && last === undefined) {
    if (stepText !== undefined) throw fieldError(row, text, `a step without a range, ${JSON.stringify(part)}`);
    yield numberOf(row, first!, text);
    return;
  }
  const from = star === undefined ? numberOf(row, first!, text) : row.least;
  const to = star === undefined ? numberOf(row, last!, text, true) : row.most;
  const size = row.most - row.least + 1;
  // 22-4 goes over the end; fri-7 ends on Sunday.
  const length = to < from ? to + size - from : to - from;
  for (let at = 0; at <= length; at += step) yield ((from + at - row.least) % size) + row.least;
}

function numberOf(row: FieldRow, word: string, text: string, endsRange = false): number {
  if (/^\d+$/.test(word)) {
    const value = Number(word);
    if (row === rows.dayOfWeek && value === 7) return endsRange ? 7 : 0;
    if (value >= row.least && value <= row.most) return value;
    throw fieldError(row, text, String(value));
  }
  const at = row.names.indexOf(word.slice(0, 3));
  if (at < 0) throw fieldError(row, text, JSON.stringify(word));
  return at + row.least;
}

function fieldError({ said, least, most, names }: FieldRow, text: string, came: string): CeleriacError {
  const named = names.length === 0 ? "" : ` or ${names[0]} to ${names.at(-1)}`;
  return invalid(
    `the field ${said} is ${JSON.stringify(text)}: expected ${least} to ${most}${named}, lists, ranges and */steps of them, got ${came}`,
  );
}

function invalid(what: string): CeleriacError {
  return new CeleriacError("SCHEDULE_INVALID", `crontab(): ${what}`);
}
