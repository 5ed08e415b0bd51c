/** The process extract: the weather of a day, out of a file into the warehouse, whole or not at all. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import type { RunContext } from "celeriac/dag";
import { dayOf, warehouse } from "./day.ts";

export async function run(run: RunContext, { file }: { readonly file?: string }): Promise<string> {
  const day = dayOf(run);
  const lines = (await readFile(new URL(`../data/${file}`, import.meta.url), "utf8")).trim().split("\n");
  const [, rainMm, maxC] = lines.find((line) => line.startsWith(day))?.split(",") ?? [];
  if (maxC === undefined) throw run.fail(`${file} has no ${day}`);
  await mkdir(warehouse, { recursive: true });
  const unfinished = new URL(`${day}.json.${process.pid}`, warehouse);
  await writeFile(unfinished, JSON.stringify({ day, rainMm: Number(rainMm), maxC: Number(maxC) }));
  await rename(unfinished, new URL(`${day}.json`, warehouse));
  return day;
}
