/** The report itself: a year of Seattle's weather as CSV, one row a month. Plain functions that know no queue. */
import { readFileSync } from "node:fs";

export const firstYear = 2012;
export const lastYear = 2015;
export const months = 12;

const kinds = ["drizzle", "fog", "rain", "snow", "sun"] as const;
const ranges = ["low", "high"] as const;
const resamples = 10_000;

export const header = [
  "month",
  "rain_mm",
  ...["temp_max_mean", "temp_min_mean"].flatMap((name) => [name, ...ranges.map((end) => `${name}_${end}`)]),
  "wind_mean",
  ...kinds.map((kind) => `days_${kind}`),
].join(",");

interface Day {
  readonly date: string;
  readonly rain: number;
  readonly tempMax: number;
  readonly tempMin: number;
  readonly wind: number;
  readonly kind: string;
}

let allDays: readonly Day[] | null = null;

function days(): readonly Day[] {
  allDays ??= readFileSync(new URL("./data/seattle-weather.csv", import.meta.url), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => {
      const [date = "", rain, tempMax, tempMin, wind, kind = ""] = line.split(",");
      return { date, rain: Number(rain), tempMax: Number(tempMax), tempMin: Number(tempMin), wind: Number(wind), kind };
    });
  return allDays;
}

/** One line of the report; `month` is 1 to 12. The same year and month always give the same line. */
export function monthLine(year: number, month: number): string {
  const name = `${year}-${String(month).padStart(2, "0")}`;
  const found = days().filter(({ date }) => date.startsWith(name));
  const random = createRandom(year * 100 + month);
  const temperature = (values: readonly number[]) => [mean(values), ...meanRange(values, random)].map((value) => value.toFixed(1));
  return [
    name,
    sum(found.map(({ rain }) => rain)).toFixed(1),
    ...temperature(found.map(({ tempMax }) => tempMax)),
    ...temperature(found.map(({ tempMin }) => tempMin)),
    mean(found.map(({ wind }) => wind)).toFixed(1),
    ...kinds.map((kind) => found.filter((day) => day.kind === kind).length),
  ].join(",");
}

/** The whole report at once. */
export function report(year: number): string {
  const lines = Array.from({ length: months }, (_, at) => monthLine(year, at + 1));
  return `${[header, ...lines].join("\n")}\n`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/** Where the mean of such a month lies in 95 of 100 cases: the bootstrap, which draws the month's days again and again. This is what takes the time. */
function meanRange(values: readonly number[], random: () => number): readonly [low: number, high: number] {
  const means = new Float64Array(resamples);
  for (let at = 0; at < resamples; at++) {
    let total = 0;
    for (let draw = 0; draw < values.length; draw++) total += values[Math.floor(random() * values.length)] ?? 0;
    means[at] = total / values.length;
  }
  means.sort();
  return [means[Math.floor(resamples * 0.025)] ?? 0, means[Math.floor(resamples * 0.975)] ?? 0];
}

/** Numbers from 0 to 1 that depend on the seed alone (mulberry32), so that a report that runs twice is the same report. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
