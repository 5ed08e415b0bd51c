/** Waits for something, but not for ever: what a silent broker never answers must not keep a program from ending. */
import type { Clock } from "../clock.ts";

/** Ends as `work` does, or rejects after `limitMs`; `work` goes on. */
export async function within<T>(clock: Clock, limitMs: number, work: Promise<T>): Promise<T> {
  const limit = new AbortController();
  const tooLate = clock.sleep(limitMs, limit.signal).then((): never => {
    throw new Error(`no answer within ${limitMs} ms`);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    tooLate.catch(() => {});
    limit.abort();
  }
}

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
