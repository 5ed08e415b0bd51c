/** Which cron expressions can be read, and which times fit them, beside croniter, by which Airflow reads them. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readCron } from "../../../../../packages/airflow-bridge/src/dag/timetable/cron-fields.ts";
import { wallSearch } from "../../../../../packages/airflow-bridge/src/dag/timetable/cron-search.ts";

/** null: refused. Else of each start the times after it and those before it: the first three and the last of `ticks`; null: none within 50 years. */
type Row = readonly [expression: string, found: readonly (readonly (string | null)[])[] | null];

interface Table {
  readonly ticks: number;
  readonly starts: readonly string[];
  readonly expressions: readonly Row[];
}

const { ticks, starts, expressions } = JSON.parse(
  readFileSync(new URL("../../../../golden/airflow/dag/cron-expressions.json", import.meta.url), "utf8"),
) as Table;

/** Day 0 of a month for day 1, and years. */
const onlyCroniterReads = ["0 0 0 * * 0", "0 0 1 1 * 0 2026-2028"];
/** Sunday as 7 beside seconds, and # behind a range of numbers, as it does behind one of names. */
const onlyReadHere = ["0 0 * * 7 0", "0 0 * * 1-3#2"];
/** croniter looks for both fields of a day apart, and gives up where one of them can never fit together with # or W of the other. */
const onlyFoundHere = ["0 0 13 * mon#1", "0 0 13 * L5", "* */4 10W * 6-3/5", "* 15-16/8 27 2-3 fri#2"];

const read = expressions.map(([expression, theirs]) => ({ expression, ours: found(expression), theirs }));

describe("a cron expression", () => {
  it("is refused where croniter refuses it", () => {
    const isRefused = { here: [] as string[], there: [] as string[] };
    for (const { expression, ours, theirs } of read) {
      if (ours === null && theirs !== null) isRefused.here.push(expression);
      if (ours !== null && theirs === null) isRefused.there.push(expression);
    }
    expect(isRefused).toEqual({ here: onlyCroniterReads, there: onlyReadHere });
    expect(read.filter(({ ours, theirs }) => ours === null && theirs === null).length).toBeGreaterThan(30);
  });

  it("names the times that croniter finds", () => {
    const both = read.filter(({ ours, theirs }) => ours !== null && theirs !== null);
    const differences = both.filter(({ ours, theirs }) => JSON.stringify(ours) !== JSON.stringify(theirs));
    expect(differences.map(({ expression }) => expression)).toEqual(onlyFoundHere);
    for (const { theirs } of differences) expect(theirs!.flat().every((time) => time === null)).toBe(true);
    expect(both.length).toBeGreaterThan(170);
  });
});

function found(expression: string): Row[1] {
  let search: ReturnType<typeof wallSearch>;
  try {
    search = wallSearch(readCron(expression));
  } catch (error) {
    expect(error).toMatchObject({ code: "SCHEDULE_INVALID" });
    return null;
  }
  return starts.flatMap((start) => [ticksOf(start, search.next), ticksOf(start, search.prev)]);
}

function ticksOf(start: string, step: (from: number) => number | null): readonly (string | null)[] {
  const all: number[] = [];
  for (let at = step(Date.parse(`${start}Z`)); at !== null && all.length < ticks; at = step(at)) all.push(at);
  const texts = all.map((at) => new Date(at).toISOString().slice(0, 19));
  return texts.length < ticks ? [...texts, null] : [...texts.slice(0, 3), texts.at(-1)!];
}
