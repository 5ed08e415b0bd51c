/** What threads noted of themselves in the course of a soak, and what it says of each of them. */
import { readFileSync } from "node:fs";
import type { Sample } from "../../programs/fault/sampler.ts";

export type { Sample };

export function readSamples(path: string): readonly Sample[] {
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Sample);
}

/** In the order in which they were noted. */
export function byThread(samples: readonly Sample[]): ReadonlyMap<string, readonly Sample[]> {
  const threads = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = `${sample.pid}/${sample.thread}`;
    const own = threads.get(key);
    if (own === undefined) threads.set(key, [sample]);
    else own.push(sample);
  }
  return threads;
}

/** MB a minute, by least squares: what a heap grows by, whatever single samples say. */
export function heapSlope(samples: readonly Sample[]): number {
  const minutes = samples.map(({ at }) => at / 60_000);
  const meanMinute = mean(minutes);
  const meanMb = mean(samples.map(({ heapMb }) => heapMb));
  let [above, below] = [0, 0];
  for (const [index, { heapMb }] of samples.entries()) {
    const distance = minutes[index]! - meanMinute;
    above += distance * (heapMb - meanMb);
    below += distance ** 2;
  }
  return above / below;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
