/** What a server tells of itself that an operator should know: asked when a worker starts, and for a report. */
import type { Clock } from "./clock.ts";

export interface ServerFacts {
  /** e.g. "Redis 7.2.4"; the name alone where it does not tell its version */
  readonly software: string;
  /** How far at least its clock is ahead of ours, ms, negative behind it; null: it does not tell, or has our own. */
  readonly skewMs: number | null;
  /** false: a restart of it loses everything; null: it does not tell. */
  readonly persistent: boolean | null;
}

/** The least difference that fits how long the answer took: it may have been read at any instant of that. `ask` gives the server's time, epoch ms. */
export async function skewOf(clock: Clock, ask: () => Promise<number>): Promise<number> {
  const sentAt = clock.now();
  const theirs = await ask();
  const answeredAt = clock.now();
  if (theirs > answeredAt) return theirs - answeredAt;
  return theirs < sentAt ? theirs - sentAt : 0;
}
