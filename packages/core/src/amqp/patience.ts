/** Waits for something, but not for ever: what a silent broker never answers must not keep a program from ending. */
import type { Clock } from "../clock.ts";

/** Resolves when `work` has ended in whichever way, or after `limitMs`. Never rejects; `work` goes on. */
export async function atMost(clock: Clock, limitMs: number, work: Promise<unknown>): Promise<void> {
  const limit = new AbortController();
  await Promise.race([
    work.then(
      () => {},
      () => {},
    ),
    clock.sleep(limitMs, limit.signal),
  ]);
  limit.abort();
}
