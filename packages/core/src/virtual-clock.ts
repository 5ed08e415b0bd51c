/** Time that passes only when a test says so: for `celeriac/testing`, and for our own tests. */
import type { Clock, Timer } from "./clock.ts";

export interface VirtualClock extends Clock {
  /** Lets `ms` pass. Timers fire in the order of their instants; what one sets off has settled before the next fires. */
  advance(ms: number): Promise<void>;
  /** As `advance`, for code that waits for no promise: all at once. */
  step(ms: number): void;
  /** Steps the wall clock alone, as an administrator would. */
  jump(ms: number): void;
  /** Timers that have not fired yet; a clock at rest has none. */
  readonly pending: number;
}

export interface VirtualClockOptions {
  /** epoch ms */
  readonly startAt: number;
  /** Resolves when nothing happens any more unless time passes; by default when what can settle within a few turns of the event loop has. */
  readonly settle?: () => Promise<void>;
}

/** `at`: elapsed ms; of an alarm for an instant of the wall clock (`isWall`) epoch ms */
interface Alarm {
  at: number;
  readonly isWall: boolean;
  readonly everyMs: number | null;
  readonly fire: () => void;
}

export function createVirtualClock({ startAt, settle = quiet }: VirtualClockOptions): VirtualClock {
  const alarms = new Set<Alarm>();
  let elapsedMs = 0;
  let wallOffset = startAt;

  function set(alarm: Alarm): Timer {
    alarms.add(alarm);
    return { cancel: () => void alarms.delete(alarm) };
  }

  const dueAt = ({ at, isWall }: Alarm) => (isWall ? at - wallOffset : at);

  /** The next to fire until `end`; of several at one instant the one that was set first. */
  function nextUntil(end: number): Alarm | null {
    let next: Alarm | null = null;
    for (const alarm of alarms) if (dueAt(alarm) <= end && (next === null || dueAt(alarm) < dueAt(next))) next = alarm;
    return next;
  }

  function fireNextUntil(end: number): boolean {
    const alarm = nextUntil(end);
    if (alarm === null) return false;
    elapsedMs = Math.max(elapsedMs, dueAt(alarm));
    if (alarm.everyMs === null) alarms.delete(alarm);
    else alarm.at += alarm.everyMs;
    alarm.fire();
    return true;
  }

  const clock: VirtualClock = {
    now: () => wallOffset + elapsedMs,
    monotonic: () => elapsedMs,
    after: (delayMs, fire) => set({ at: elapsedMs + Math.max(0, delayMs), isWall: false, everyMs: null, fire }),
    at: (epochMs, fire) => set({ at: epochMs, isWall: true, everyMs: null, fire }),
    every(periodMs, fire) {
      const everyMs = Math.max(1, periodMs);
      return set({ at: elapsedMs + everyMs, isWall: false, everyMs, fire });
    },
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
      await settle();
      while (fireNextUntil(end)) await settle();
      elapsedMs = Math.max(elapsedMs, end);
      await settle();
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
