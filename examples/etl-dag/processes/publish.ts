/** The process publish: a line about the weather of a day, which another stream has extracted. */
import { readFile, writeFile } from "node:fs/promises";
import type { RunContext } from "celeriac/dag";
import { dayOf, warehouse } from "./day.ts";

export async function run(run: RunContext): Promise<string> {
  const day = dayOf(run);
  const { rainMm, maxC } = JSON.parse(await readFile(new URL(`${day}.json`, warehouse), "utf8")) as { rainMm: number; maxC: number };
  const line = `${day}: ${rainMm} mm of rain, ${maxC} °C at most`;
  await writeFile(new URL(`${day}.txt`, warehouse), `${line}\n`);
  return line;
}
