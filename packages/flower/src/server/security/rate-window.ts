/** Counts what somebody does, a window of time at a time: failed logins of an address, changes of a user. */
import type { Clock } from "@celeriac/core/runtime";

export interface RateWindow {
  /** How long it must wait, ms; 0: it need not. */
  waitMs(who: string): number;
  count(who: string): void;
}

/** More are not told apart: whoever comes then waits for the next window with the others. */
const mostKnown = 10_000;
const others = "";

/** `most` in each window of `windowMs`; 0: any number. */
export function createRateWindow(clock: Pick<Clock, "monotonic">, most: number, windowMs: number): RateWindow {
  const seen = new Map<string, { since: number; count: number }>();
  const entryOf = (who: string) => {
    const now = clock.monotonic();
    const key = seen.has(who) || seen.size < mostKnown ? who : others;
    const known = seen.get(key);
    if (known !== undefined && now - known.since < windowMs) return known;
    const fresh = { since: now, count: 0 };
    if (key !== others) for (const [old, { since }] of seen) if (now - since >= windowMs) seen.delete(old);
    seen.set(key, fresh);
    return fresh;
  };
  return {
    waitMs(who) {
      if (most === 0) return 0;
      const { count, since } = entryOf(who);
      return count < most ? 0 : Math.max(1, since + windowMs - clock.monotonic());
    },
    count(who) {
      if (most > 0) entryOf(who).count++;
    },
  };
}
