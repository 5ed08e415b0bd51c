/** What was told lately, for clients that come back: of the last minute, eight MiB at most. */

interface Numbered {
  readonly seq: number;
}

export interface Ring<T extends Numbered> {
  add(told: T, nowMs: number): void;
  /** Those after `seq`, oldest first; null: not all of them are there any more. */
  since(seq: number): readonly T[] | null;
}

const keptMs = 60_000;
const mostBytes = 8_388_608;

/** `bytesOf`: about so much memory it takes. */
export function createRing<T extends Numbered>(bytesOf: (told: T) => number): Ring<T> {
  const kept: { readonly told: T; readonly at: number; readonly bytes: number }[] = [];
  let first = 0;
  let total = 0;
  let last = 0;
  return {
    add(told, nowMs) {
      const bytes = bytesOf(told);
      kept.push({ told, at: nowMs, bytes });
      total += bytes;
      last = told.seq;
      while (first < kept.length && (total > mostBytes || nowMs - kept[first]!.at > keptMs)) total -= kept[first++]!.bytes;
      // Taken off now and then: to shift an array each time costs its length.
      if (first > 256) kept.splice(0, first);
      if (first > 256) first = 0;
    },
    since(seq) {
      if (seq > last) return null;
      const oldest = kept[first]?.told.seq ?? last + 1;
      if (seq < oldest - 1) return null;
      return kept.slice(first).flatMap(({ told }) => (told.seq > seq ? [told] : []));
    },
  };
}
