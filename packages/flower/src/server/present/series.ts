/** Slices of time as points of a chart: slices of a wider step are put together, and histograms give percentiles. Pure. */
import type { SeriesPoint } from "../../shared/contract.ts";
import { histogramBounds, type Slice } from "../history/history.ts";

/** `slices`: oldest first, of a step of which `width` is a multiple (both in seconds). */
export function seriesPoints(slices: readonly Slice[], width: number): readonly SeriesPoint[] {
  const wide = new Map<number, Slice>();
  for (const slice of slices) {
    const at = Math.floor(slice.at / width) * width;
    const before = wide.get(at);
    wide.set(at, before === undefined ? { ...slice, at } : together(before, slice));
  }
  return [...wide.values()].map(pointOf);
}

function together(one: Slice, other: Slice): Slice {
  const sum = (counts: readonly number[], more: readonly number[]) => counts.map((count, bucket) => count + (more[bucket] ?? 0));
  return {
    at: one.at,
    received: one.received + other.received,
    succeeded: one.succeeded + other.succeeded,
    failed: one.failed + other.failed,
    retried: one.retried + other.retried,
    revoked: one.revoked + other.revoked,
    wait: sum(one.wait, other.wait),
    run: sum(one.run, other.run),
  };
}

function pointOf({ wait, run, ...counts }: Slice): SeriesPoint {
  return {
    ...counts,
    waitP50: percentile(wait, 0.5),
    waitP95: percentile(wait, 0.95),
    runP50: percentile(run, 0.5),
    runP95: percentile(run, 0.95),
    runP99: percentile(run, 0.99),
  };
}

/** Seconds, as if what is in a bucket were spread evenly over it; of the last, which has no end, its beginning. null: there is nothing. */
export function percentile(histogram: readonly number[], share: number): number | null {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let below = 0;
  for (const [bucket, count] of histogram.entries()) {
    if (count > 0 && below + count >= share * total) {
      const from = histogramBounds[bucket - 1] ?? 0;
      const to = histogramBounds[bucket] ?? from;
      return from + ((share * total - below) / count) * (to - from);
    }
    below += count;
  }
  return histogramBounds.at(-1)!;
}
