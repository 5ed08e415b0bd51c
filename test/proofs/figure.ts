/** What a proof tells: figures, each beside its bound. A figure that was measured several times is the median, with its extremes. */

export interface Figure {
  readonly what: string;
  /** with its unit, and its spread where it has one */
  readonly figure: string;
  readonly bound: string;
  readonly isMet: boolean;
}

export interface Proof {
  /** as `--only` names it */
  readonly name: string;
  /** what is set up and done, for the page */
  readonly how: string;
  /** Brings up what it needs and takes it down again. `tell` shows what is going on. */
  run(tell: (line: string) => void): Promise<readonly Figure[]>;
}

/** Measured several times; the median counts. */
export function atMost(what: string, samples: readonly number[], limit: number, unit: string): Figure {
  const value = percentile(samples, 0.5);
  const spread = samples.length < 2 ? "" : ` (${shown(Math.min(...samples))}–${shown(Math.max(...samples))})`;
  return { what, figure: `${shown(value)}${spread}${unit}`, bound: `≤ ${limit}${unit}`, isMet: value <= limit };
}

/** As `atMost`, for a bound that must not be reached. */
export function below(what: string, samples: readonly number[], limit: number, unit: string): Figure {
  const figure = atMost(what, samples, limit, unit);
  return { ...figure, bound: `< ${limit}${unit}`, isMet: percentile(samples, 0.5) < limit };
}

/** Something that must be so. */
export function exactly(what: string, found: number | string, wanted: number | string): Figure {
  return { what, figure: String(found), bound: String(wanted), isMet: found === wanted };
}

/** A figure to read the others by: it has no bound. */
export function aside(what: string, samples: readonly number[], unit: string): Figure {
  return { ...atMost(what, samples, Number.POSITIVE_INFINITY, unit), bound: "" };
}

/** Linear between neighbours; `part` 0 to 1. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return below + (above - below) * (place - Math.floor(place));
}

function shown(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString("en") : value.toFixed(value < 10 ? 2 : 1);
}
