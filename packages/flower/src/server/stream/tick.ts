/** What the hub of the stream tells at once. */

export interface Tick {
  readonly seq: number;
  /** frames, encoded */
  readonly workers: readonly string[];
  /** a frame, encoded; null: it has not changed */
  readonly overview: string | null;
  /** of the tasks that were heard of */
  readonly uuids: readonly string[];
}

/** of a string in an array, beside its signs */
const textBytes = 24;

export function bytesOfTick({ workers, overview, uuids }: Tick): number {
  const texts = [...workers, ...uuids, ...(overview === null ? [] : [overview])];
  return texts.reduce((sum, text) => sum + text.length + textBytes, 0);
}
