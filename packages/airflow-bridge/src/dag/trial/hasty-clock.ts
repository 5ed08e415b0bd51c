/** A clock on which time can be passed over: for runs whose waits nobody wants to wait for. */
import type { Clock } from "@celeriac/core/runtime";

export interface HastyClock extends Clock {
  /** From now on it is `epochMs`, if it was not that late. */
  passTo(epochMs: number): void;
}

/** Goes with `clock`, ahead of it by all that was passed over; timers run as they do there. */
export function createHastyClock(clock: Clock): HastyClock {
  let aheadMs = 0;
  const now = () => clock.now() + aheadMs;
  return {
    now,
    monotonic: () => clock.monotonic() + aheadMs,
    after: (delayMs, fire, options) => clock.after(delayMs, fire, options),
    at: (epochMs, fire, options) => clock.at(epochMs - aheadMs, fire, options),
    every: (periodMs, fire, options) => clock.every(periodMs, fire, options),
    sleep: (delayMs, signal, options) => clock.sleep(delayMs, signal, options),
    passTo(epochMs) {
      aheadMs += Math.max(0, epochMs - now());
    },
  };
}
