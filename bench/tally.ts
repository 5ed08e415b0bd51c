/** Reads what task code left behind (`programs/tally.mjs`): one file for each thread or process that ran tasks. */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";

const recordBytes = 16;

/** Runs so far; cheap enough to be asked every few milliseconds. */
export function runsIn(folder: string): number {
  const last = Buffer.alloc(recordBytes);
  let runs = 0;
  for (const name of files(folder, ".runs")) {
    const file = openSync(join(folder, name), "r");
    const size = Math.floor(fstatSync(file).size / recordBytes) * recordBytes;
    if (size > 0 && readSync(file, last, 0, recordBytes, size - recordBytes) === recordBytes) runs += last.readDoubleLE(8);
    closeSync(file);
  }
  return runs;
}

export interface Progress {
  /** runs over all threads */
  readonly runs: number;
  /** ms of the machine's monotonic clock */
  readonly lastAt: number;
  /** When run number `count` was over: between two writes of the counters it is taken as even. */
  reachedAt(count: number): number;
}

export function progressOf(folder: string): Progress {
  const steps: { readonly at: number; readonly more: number }[] = [];
  for (const name of files(folder, ".runs")) {
    let before = 0;
    const bytes = readFileSync(join(folder, name));
    for (let offset = 0; offset + recordBytes <= bytes.length; offset += recordBytes) {
      const runs = bytes.readDoubleLE(offset + 8);
      steps.push({ at: bytes.readDoubleLE(offset), more: runs - before });
      before = runs;
    }
  }
  steps.sort((left, right) => left.at - right.at);
  const runs = steps.reduce((sum, { more }) => sum + more, 0);
  return { runs, lastAt: steps.at(-1)?.at ?? 0, reachedAt: (count) => reachedAt(steps, count) };
}

function reachedAt(steps: readonly { readonly at: number; readonly more: number }[], count: number): number {
  let runs = 0;
  let before = steps[0]?.at ?? 0;
  for (const { at, more } of steps) {
    if (runs + more >= count) return before + ((at - before) * (count - runs)) / Math.max(1, more);
    runs += more;
    before = at;
  }
  return before;
}

/** How late each stamped task started, ms. */
export function startsIn(folder: string): readonly number[] {
  return files(folder, ".starts").flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    return Array.from({ length: Math.floor(bytes.length / 8) }, (_, index) => bytes.readDoubleLE(index * 8));
  });
}

function files(folder: string, ending: string): readonly string[] {
  return readdirSync(folder).filter((name) => name.endsWith(ending));
}
