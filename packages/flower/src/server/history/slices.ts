/** What a store keeps of slices, and how questions about them are answered of its rows: the same in every database. */
import { histogramBounds, type SeriesQuery, type Slice, type TypeSummary } from "./history.ts";
import { emptySlice, hour, minute } from "./tally.ts";

/** So many names, and as many queues, have slices of their own; all others share this one. */
const mostLabels = 2_000;
const otherLabel = "_other";
/** How long slices are kept, seconds. */
export const keptSeconds = { [minute]: 48 * hour, [hour]: 30 * 24 * hour } as const;

export const counts = ["received", "succeeded", "failed", "retried", "revoked"] as const;
const buckets = histogramBounds.length + 1;
const indexes = Array.from({ length: buckets }, (_, index) => index);
/** w0, w1, … of the wait, r0, r1, … of the run: columns, so that the database itself adds them up. */
export const bucketColumns = [...indexes.map((index) => `w${index}`), ...indexes.map((index) => `r${index}`)];
export const summed = [...counts, ...bucketColumns];

export type LabelKind = "task" | "queue";

/** Names that have slices of their own. */
export class Labels {
  readonly #known = new Map<LabelKind, Set<string>>();

  knows(kind: LabelKind): boolean {
    return this.#known.has(kind);
  }

  /** What is in the store. */
  learn(kind: LabelKind, texts: Iterable<string>): void {
    this.#known.set(kind, new Set(texts));
  }

  /** Under which a name is counted; `add` writes down one that is new. */
  label(kind: LabelKind, text: string, add: (kind: LabelKind, text: string) => void): string {
    const texts = this.#known.get(kind) ?? new Set<string>();
    if (text === "" || texts.has(text)) return text;
    if (texts.size >= mostLabels) return otherLabel;
    texts.add(text);
    add(kind, text);
    return text;
  }

  forget(): void {
    this.#known.clear();
  }
}

/** A series has no more points than this. */
const mostPoints = 10_000;

/** Which slices a question is about. */
export interface SliceRange {
  readonly grain: typeof minute | typeof hour;
  /** epoch seconds */
  readonly first: number;
}

export interface SeriesRange extends SliceRange {
  readonly width: number;
  readonly points: number;
}

/** `now`: epoch seconds. */
export function seriesRange({ from, to, step }: SeriesQuery, now: number): SeriesRange {
  const grain = step % hour === 0 || from < now - keptSeconds[minute] ? hour : minute;
  const width = Math.max(grain, Math.floor(step / grain) * grain);
  const first = Math.floor(from / width) * width;
  return { grain, width, first, points: Math.min(mostPoints, Math.max(0, Math.ceil((to - first) / width))) };
}

export function typesRange({ from }: Pick<SeriesQuery, "from">, now: number): SliceRange {
  const grain = from < now - keptSeconds[minute] ? hour : minute;
  return { grain, first: Math.floor(from / grain) * grain };
}

/** `rows`: where it begins, then as `summed` has its columns. */
export function seriesOf({ first, width, points }: SeriesRange, rows: Iterable<readonly unknown[]>): readonly Slice[] {
  const slices = Array.from({ length: points }, (_, index) => emptySlice(first + index * width));
  for (const [at, ...row] of rows) {
    const slice = slices[Math.floor((Number(at) - first) / width)];
    if (slice !== undefined) addTo(slice, row);
  }
  return slices;
}

/** `row`: name, newest activity, then as `summed` has its columns. */
export function typeOf([name, lastAt, ...row]: readonly unknown[]): TypeSummary {
  const { at: _, ...slice } = addTo(emptySlice(0), row);
  return { name: String(name), lastAt: Number(lastAt), ...slice };
}

type Growing = { -readonly [K in keyof Slice]: Slice[K] } & { wait: number[]; run: number[] };

function addTo(slice: Growing, row: readonly unknown[]): Growing {
  const numbers = row.map(Number);
  for (const [index, count] of counts.entries()) slice[count] += numbers[index]!;
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    slice.wait[bucket]! += numbers[counts.length + bucket]!;
    slice.run[bucket]! += numbers[counts.length + buckets + bucket]!;
  }
  return slice;
}
