/** Many deadlines kept by one timer: thousands of publications may be under way, and hardly any of them expires. */
import type { Clock, Timer } from "./clock.ts";

export interface Deadline {
  /** on the clock's monotonic time */
  readonly at: number;
  readonly expire: () => void;
}

export interface Deadlines {
  /** Calls `expire` after `afterMs`, up to `granularityMs` late, unless it is removed before. */
  add(afterMs: number, expire: () => void): Deadline;
  remove(deadline: Deadline): void;
}

const granularityMs = 10;

export function createDeadlines(clock: Clock): Deadlines {
  const pending = new Set<Deadline>();
  let timer: Timer | null = null;
  let timerAt = Number.POSITIVE_INFINITY;

  function stop(): void {
    timer?.cancel();
    timer = null;
    timerAt = Number.POSITIVE_INFINITY;
  }

  function wakeAt(at: number): void {
    if (at >= timerAt) return;
    stop();
    timerAt = at;
    timer = clock.after(Math.max(granularityMs, at - clock.monotonic()), tick);
  }

  function tick(): void {
    stop();
    const now = clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const deadline of [...pending]) {
      if (deadline.at > now) next = Math.min(next, deadline.at);
      else {
        pending.delete(deadline);
        deadline.expire();
      }
    }
    if (pending.size > 0) wakeAt(next);
  }

  return {
    add(afterMs, expire) {
      const deadline = { at: clock.monotonic() + afterMs, expire };
      pending.add(deadline);
      wakeAt(deadline.at);
      return deadline;
    },
    remove(deadline) {
      pending.delete(deadline);
      if (pending.size === 0) stop();
    },
  };
}
