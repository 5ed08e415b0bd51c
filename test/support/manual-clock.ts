/** A clock that stands still until a test moves it. */
import type { Clock, Timer } from "@celeriac/core/runtime";

interface Waiting {
  readonly at: number;
  readonly everyMs: number | null;
  readonly fire: () => void;
}

export interface ManualClock extends Clock {
  /** Moves on, firing what becomes due, in order, at its own instant. */
  advance(ms: number): void;
  /** timers that are set */
  readonly pending: number;
}

export function createManualClock(startAt = 1_700_000_000_000): ManualClock {
  const waiting = new Set<Waiting>();
  let elapsed = 0;
  const set = (delayMs: number, everyMs: number | null, fire: () => void): Timer => {
    const entry: Waiting = { at: elapsed + Math.max(0, delayMs), everyMs, fire };
    waiting.add(entry);
    return { cancel: () => void waiting.delete(entry) };
  };
  /** A periodic timer is a chain of entries; cancelling any of them ends the chain. */
  const every = (periodMs: number, fire: () => void): Timer => {
    let next: Timer;
    const again = () => {
      next = set(periodMs, periodMs, () => {
        again();
        fire();
      });
    };
    again();
    return { cancel: () => next.cancel() };
  };
  return {
    now: () => startAt + elapsed,
    monotonic: () => elapsed,
    after: (delayMs, fire) => set(delayMs, null, fire),
    every,
    sleep: (delayMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const timer = set(delayMs, null, resolve);
        signal?.addEventListener("abort", () => {
          timer.cancel();
          resolve();
        });
      }),
    get pending() {
      return waiting.size;
    },
    advance(ms) {
      const until = elapsed + ms;
      for (;;) {
        const due = [...waiting].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        waiting.delete(due);
        elapsed = due.at;
        due.fire();
      }
      elapsed = until;
    },
  };
}
