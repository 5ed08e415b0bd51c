/** What is known of the weather of a day, read from the data and written to the warehouse: nothing here knows of DAGs. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";

export interface Reading {
  readonly city: string;
  readonly rainMm: number;
  readonly maxC: number;
  readonly minC: number;
  readonly windKmh: number;
}

export interface Report {
  readonly city: string;
  readonly rainMm: number;
  readonly meanC: number;
  /** how far apart the warmest and the coldest hour were, K */
  readonly span: number;
  readonly isStorm: boolean;
}

const data = new URL("data/weather.csv", import.meta.url);
const warehouse = new URL("warehouse/", import.meta.url);

/** One for each city; none of a day that has not been measured. */
export async function readingsOf(day: string): Promise<readonly Reading[]> {
  const [, ...lines] = (await readFile(data, "utf8")).trim().split("\n");
  const fields = lines.map((line) => line.split(",")).filter(([, date]) => date === day);
  return fields.map(([city = "", , rainMm, maxC, minC, windKmh]) => {
    return { city, rainMm: Number(rainMm), maxC: Number(maxC), minC: Number(minC), windKmh: Number(windKmh) };
  });
}

export function reportOn({ city, rainMm, maxC, minC, windKmh }: Reading): Report {
  return { city, rainMm, meanC: round((maxC + minC) / 2), span: round(maxC - minC), isStorm: rainMm >= 10 || windKmh >= 8 };
}

/** Whoever loads a day again finds it as it was: a file of the day is written whole, or not at all. */
export async function load(day: string, reports: readonly Report[]): Promise<number> {
  await mkdir(warehouse, { recursive: true });
  const file = new URL(`${day}.json`, warehouse);
  const unfinished = new URL(`${day}.json.${process.pid}`, warehouse);
  await writeFile(unfinished, `${JSON.stringify(reports, null, 2)}\n`);
  await rename(unfinished, file);
  return reports.length;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
