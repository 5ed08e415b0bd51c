import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { progressOf, runsIn, startsIn } from "../../../bench/tally.ts";
import { temporaryDirectory } from "../../support/private-process.ts";

let folder: ReturnType<typeof temporaryDirectory>;

beforeEach(() => {
  folder = temporaryDirectory("tally-test");
});
afterEach(() => folder.remove());

function write(name: string, ...numbers: number[]): void {
  appendFileSync(join(folder.path, name), new Uint8Array(Float64Array.from(numbers).buffer));
}

it("counts the runs of all threads, by their last complete record", () => {
  expect(runsIn(folder.path)).toBe(0);
  write("1-0.runs", 10, 5, 20, 8);
  write("2-0.runs", 15, 3);
  appendFileSync(join(folder.path, "2-0.runs"), "half a rec");
  expect(runsIn(folder.path)).toBe(11);
});

it("tells when a run was over, evenly between two records of a thread", () => {
  write("1-0.runs", 100, 10, 200, 30);
  write("2-0.runs", 150, 10);
  const progress = progressOf(folder.path);
  expect(progress).toMatchObject({ runs: 40, lastAt: 200 });
  expect([0, 10, 15, 20, 30, 40].map((count) => progress.reachedAt(count))).toEqual([100, 100, 125, 150, 175, 200]);
});

it("gathers how late tasks started", () => {
  write("1-0.starts", 0.5, 1.5);
  write("1-2.starts", 2.5);
  write("1-0.runs", 1, 3);
  expect([...startsIn(folder.path)].sort()).toEqual([0.5, 1.5, 2.5]);
});
