/** The study itself: a week of the world's earthquakes, region by region, and all regions side by side. Plain functions that know no queue. */
import { readFileSync } from "node:fs";

/** What one region's earthquakes come to. */
export interface Survey {
  readonly region: string;
  readonly count: number;
  readonly strongest: number;
  /** terajoules that they set free */
  readonly energy: number;
  /** kilometres, and where their mean would lie in 95 of 100 such weeks; the same three times where there was one only */
  readonly depth: { readonly mean: number; readonly low: number; readonly high: number };
}

/** A region among all others. */
export interface Placed extends Survey {
  /** of the energy of all regions, 0 to 1 */
  readonly share: number;
}

interface Earthquake {
  readonly depth: number;
  readonly magnitude: number;
}

const resamples = 2_000;

let found: ReadonlyMap<string, readonly Earthquake[]> | null = null;

/** By region, in the order in which they were first shaken. */
function earthquakes(): ReadonlyMap<string, readonly Earthquake[]> {
  if (found !== null) return found;
  const byRegion = new Map<string, Earthquake[]>();
  const lines = readFileSync(new URL("./data/earthquakes.csv", import.meta.url), "utf8")
    .trim()
    .split("\n")
    .slice(1);
  for (const line of lines) {
    const [, , , depth, magnitude, region = ""] = line.split(",");
    const others = byRegion.get(region) ?? [];
    byRegion.set(region, [...others, { depth: Number(depth), magnitude: Number(magnitude) }]);
  }
  found = byRegion;
  return byRegion;
}

export function regions(): readonly string[] {
  return [...earthquakes().keys()];
}

/** The same region always gives the same survey. */
export function surveyOf(region: string): Survey {
  const quakes = earthquakes().get(region);
  if (quakes === undefined) throw new RangeError(`No earthquakes are known of ${region}`);
  const depths = quakes.map(({ depth }) => depth);
  const [low, high] = meanRange(depths, createRandom(quakes.length));
  return {
    region,
    count: quakes.length,
    strongest: Math.max(...quakes.map(({ magnitude }) => magnitude)),
    energy: quakes.reduce((sum, { magnitude }) => sum + energyOf(magnitude), 0),
    depth: { mean: mean(depths), low, high },
  };
}

/** The most energy first. */
export function rankingOf(surveys: readonly Survey[]): readonly Placed[] {
  const total = surveys.reduce((sum, { energy }) => sum + energy, 0);
  return surveys.map((survey) => ({ ...survey, share: survey.energy / total })).sort((one, other) => other.energy - one.energy);
}

/** Gutenberg and Richter: log10 of the joules is 4.8 + 1.5 times the magnitude. */
function energyOf(magnitude: number): number {
  return 10 ** (4.8 + 1.5 * magnitude - 12);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The bootstrap, which draws a region's earthquakes again and again. This is what takes the time. */
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

/** Numbers from 0 to 1 that depend on the seed alone (mulberry32), so that a survey that runs twice is the same survey. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
