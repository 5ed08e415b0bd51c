/** Time, and the only place that may ask the machine for it: everything that waits or dates takes a Clock. Ground floor, imports nothing. */

/** A timer that has been set; cancelling twice, or after it fired, is harmless. */
export interface Timer {
  cancel(): void;
}

export interface TimerOptions {
  /** true (the default for `every`): the timer does not keep the process alive. */
  readonly background?: boolean;
}

export interface Clock {
  /** Wall clock, epoch ms. May jump in either direction: never subtract two readings to measure a wait. */
  now(): number;
  /** Milliseconds, fractions included, from an arbitrary start; never steps back. */
  monotonic(): number;
  /** Calls `fire` once after `delayMs` (0 or more; above 2^31-1 it is cut to that). */
  after(delayMs: number, fire: () => void, options?: TimerOptions): Timer;
  /** Calls `fire` once when `now` reaches `epochMs`; if the wall clock jumps meanwhile, a second late at most. */
  at(epochMs: number, fire: () => void, options?: TimerOptions): Timer;
  /** Calls `fire` each `periodMs`, first after one period. */
  every(periodMs: number, fire: () => void, options?: TimerOptions): Timer;
  /** Resolves after `delayMs`, or at once when `signal` aborts. Never rejects. */
  sleep(delayMs: number, signal?: AbortSignal, options?: TimerOptions): Promise<void>;
}

const longestDelayMs = 2 ** 31 - 1;
/** A wait for an instant looks at the wall clock this often: it may have jumped. */
const wallCheckMs = 1_000;

export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs: number, fire: () => void, options: TimerOptions = {}): Timer {
    const handle = setTimeout(fire, Math.min(Math.max(0, delayMs), longestDelayMs));
    if (options.background === true) handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  at(epochMs: number, fire: () => void, options: TimerOptions = {}): Timer {
    let timer: Timer;
    const look = () => (epochMs <= systemClock.now() ? fire() : arm());
    const arm = () => {
      timer = systemClock.after(Math.min(wallCheckMs, epochMs - systemClock.now()), look, options);
    };
    arm();
    return { cancel: () => timer.cancel() };
  },
  every(periodMs: number, fire: () => void, options: TimerOptions = {}): Timer {
    const handle = setInterval(fire, Math.min(Math.max(1, periodMs), longestDelayMs));
    if (options.background !== false) handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
  sleep(delayMs: number, signal?: AbortSignal, options: TimerOptions = {}): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const handle = setTimeout(done, Math.min(Math.max(0, delayMs), longestDelayMs));
      if (options.background === true) handle.unref();
      function done() {
        clearTimeout(handle);
        signal?.removeEventListener("abort", done);
        resolve();
      }
      signal?.addEventListener("abort", done, { once: true });
    });
  },
});

/** The instant as Celery writes it: UTC, six fraction digits, numeric offset. Readers before 5.3.5 take shorter fractions for microseconds. */
export function toIsoInstant(epochMs: number): string {
  // A busy worker dates many results within one millisecond, and each date costs more than the rest of its result.
  if (epochMs !== lastIso.epochMs) lastIso = { epochMs, text: `${new Date(epochMs).toISOString().slice(0, -1)}000+00:00` };
  return lastIso.text;
}

let lastIso = { epochMs: Number.NaN, text: "" };

const isoInstant = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?:(Z)|([+-]\d\d):?(\d\d))?)?$/i;

/** Epoch ms of an ISO-8601 text, or null when it is none. A text without offset is UTC, as in a Celery app with `enable_utc`. */
export function parseInstant(text: string): number | null {
  // Date.parse alone takes "tomorrow 5" and February 30 for dates.
  const [, date, time = "00:00", , offsetHours, offsetMinutes] = isoInstant.exec(text) ?? [];
  if (date === undefined || !isDay(date)) return null;
  const offset = offsetHours === undefined ? "Z" : `${offsetHours}:${offsetMinutes}`;
  const epochMs = Date.parse(`${date}T${time}${offset}`);
  return Number.isNaN(epochMs) ? null : epochMs;
}

function isDay(date: string): boolean {
  const epochMs = Date.parse(date);
  return !Number.isNaN(epochMs) && new Date(epochMs).toISOString().startsWith(date);
}
