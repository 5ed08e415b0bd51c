/** How many times better one row is than another, repetition by repetition: what slows the machine for a while mostly meets both. */
import { type Measurement, percentile, type Row } from "./row.ts";

export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Above 1 where `own` is better: a higher rate or, where the rate is given, an earlier start (median over the tasks). */
export function ratioOf(own: Row, other: Row): Ratio {
  const figure = (measurement: Measurement) => (own.workload === "latency" ? 1 / (measurement.p50Ms ?? Number.NaN) : measurement.perSecond);
  const pairs = own.each.slice(0, other.each.length);
  return ratioOfRates(pairs.map(figure), other.each.map(figure));
}

/** Of figures that were measured in turns. */
export function ratioOfRates(own: readonly number[], other: readonly number[]): Ratio {
  const ratios = own.map((figure, index) => figure / other[index]!);
  return { median: percentile(ratios, 0.5), least: Math.min(...ratios), most: Math.max(...ratios) };
}

export function ratioText({ median, least, most }: Ratio): string {
  return `${shown(median)}× (${shown(least)}–${shown(most)})`;
}

function shown(value: number): string {
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
