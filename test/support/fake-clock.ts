/** Time that passes only when a test says so. */
import type { Clock, Timer } from "../../packages/core/src/clock.ts";

export interface FakeClock extends Clock {
  /** Lets `ms` pass. Timers fire in the order of their instants; what one sets off has settled before the next fires. */
  advance(ms: number): Promise<void>;
  /** As `advance`, for code that waits for no promise: all at once. */
  step(ms: number): void;
  /** Steps the wall clock alone, as an administrator would. */
  jump(ms: number): void;
  /** Timers that have not fired yet; a clock at rest has none. */
  readonly pending: number;
}

interface Alarm {
  at: number;
  readonly everyMs: number | null;
  readonly fire: () => void;
}

const startAt = Date.parse("2026-01-02T03:04:05.678Z");

export function createFakeClock(wallAt = startAt): FakeClock {
  const alarms = new Set<Alarm>();
  let elapsedMs = 0;
  let wallOffset = wallAt;

  function set(alarm: Alarm): Timer {
    alarms.add(alarm);
    return { cancel: () => void alarms.delete(alarm) };
  }

  /** The next to fire until `end`; of several at one instant the one that was set first. */
  function nextUntil(end: number): Alarm | null {
    let next: Alarm | null = null;
    for (const alarm of alarms) if (alarm.at <= end && (next === null || alarm.at < next.at)) next = alarm;
    return next;
  }

  function fireNextUntil(end: number): boolean {
    const alarm = nextUntil(end);
    if (alarm === null) return false;
    elapsedMs = Math.max(elapsedMs, alarm.at);
    if (alarm.everyMs === null) alarms.delete(alarm);
    else alarm.at += alarm.everyMs;
    alarm.fire();
    return true;
  }

  const clock: FakeClock = {
    now: () => wallOffset + elapsedMs,
    monotonic: () => elapsedMs,
    after: (delayMs, fire) => set({ at: elapsedMs + Math.max(0, delayMs), everyMs: null, fire }),
    every: (periodMs, fire) => set({ at: elapsedMs + Math.max(1, periodMs), everyMs: Math.max(1, periodMs), fire }),
    sleep: (delayMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const timer = clock.after(delayMs, done);
        function done() {
          timer.cancel();
          signal?.removeEventListener("abort", done);
          resolve();
        }
        signal?.addEventListener("abort", done, { once: true });
      }),
    async advance(ms) {
      const end = elapsedMs + ms;
      await quiet();
      while (fireNextUntil(end)) await quiet();
      elapsedMs = end;
      await quiet();
    },
    step(ms) {
      const end = elapsedMs + ms;
      while (fireNextUntil(end));
      elapsedMs = end;
    },
    jump(ms) {
      wallOffset += ms;
    },
    get pending() {
      return alarms.size;
    },
  };
  return clock;
}

/** Resolves when the promises that can settle without time passing have settled. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
