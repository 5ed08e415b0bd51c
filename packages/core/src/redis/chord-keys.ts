/**
 * How a chord lies in Redis. Celery's: `.s` how many are counted, `.j` what was, `.t` how many were added later. Ours: `.a` which those are, `.o` what is known of one that
 * we opened, `.c` who closes it, empty when it is closed.
 */
import type { ChordPart } from "../chord.ts";

/** Zset: open chords of ours → when they were looked at or are due, epoch ms. */
export const openChordsKey = "{celeriac}:chords";

/** What the keys of a chord begin with, which is Celery's key of the group; on a cluster its id is the hash tag. */
export function chordKey(chordId: string, isCluster: boolean): string {
  return `celery-taskset-meta-${isCluster ? `{${chordId}}` : chordId}`;
}

/** What `count_part` takes behind the key. */
export function partArguments({
  index,
  taskId,
  state,
  value,
  entry,
}: ChordPart): readonly [score: string, taskId: string, entry: string | Buffer] {
  const text = `[1, ${JSON.stringify(taskId)}, "${state}", ${value}]`;
  return [index === null ? "+inf" : String(index), taskId, entry === undefined ? text : Buffer.from(entry)];
}

/** ms, 0 = for ever. */
export function chordTtl(expiresMs: number | null): number {
  return expiresMs === null ? 0 : Math.max(1, Math.round(expiresMs));
}
