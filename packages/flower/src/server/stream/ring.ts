/** What was told lately, for clients that come back: of the last minute, eight MiB at most. */

/** All that was told at once. */
export interface Tick {
  readonly seq: number;
  /** frames, encoded */
  readonly workers: readonly string[];
  /** a frame, encoded; null: it has not changed */
  readonly overview: string | null;
  /** of the tasks that were heard of */
  readonly uuids: readonly string[];
}

export interface Ring {
  add(tick: Tick, nowMs: number): void;
  /** Those after `seq`, oldest first; null: not all of them are there any more. */
  since(seq: number): readonly Tick[] | null;
}

const keptMs = 60_000;
const mostBytes = 8_388_608;
/** of a string in an array, beside its signs */
const textBytes = 24;

export function createRing(): Ring {
  const kept: { readonly tick: Tick; readonly at: number; readonly bytes: number }[] = [];
  let first = 0;
  let total = 0;
  let last = 0;
  return {
    add(tick, nowMs) {
      const bytes = bytesOf(tick);
      kept.push({ tick, at: nowMs, bytes });
      total += bytes;
      last = tick.seq;
      while (first < kept.length && (total > mostBytes || nowMs - kept[first]!.at > keptMs)) total -= kept[first++]!.bytes;
      // Taken off now and then: to shift an array each time costs its length.
      if (first > 256) kept.splice(0, first);
      if (first > 256) first = 0;
    },
    since(seq) {
      if (seq > last) return null;
      const oldest = kept[first]?.tick.seq ?? last + 1;
      if (seq < oldest - 1) return null;
      return kept.slice(first).flatMap(({ tick }) => (tick.seq > seq ? [tick] : []));
    },
  };
}

function bytesOf({ workers, overview, uuids }: Tick): number {
  const texts = [...workers, ...uuids, ...(overview === null ? [] : [overview])];
  return texts.reduce((sum, text) => sum + text.length + textBytes, 0);
}
