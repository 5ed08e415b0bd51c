/** How often and after which waits a publication that the broker surely does not have is repeated: Celery's `task_publish_retry_policy`. Pure; the producer asks. */
import { type Duration, durationMs } from "./duration.ts";
import { isCount, isDuration, isRecord } from "./option-check.ts";

/** What is left out is the app's: without end, at once, then 0.2 s more each time up to 1 s. `publishTimeout` ends it in any case. */
export interface RetryPolicy {
  /** null: as long as `publishTimeout` lasts */
  readonly maxRetries?: number | null | undefined;
  /** wait before the first repetition */
  readonly intervalStart?: Duration | undefined;
  /** added with each repetition */
  readonly intervalStep?: Duration | undefined;
  /** the longest wait */
  readonly intervalMax?: Duration | undefined;
}

/** The same under Celery's names, as settings give it. */
export interface CeleryRetryPolicy {
  readonly max_retries?: number | null | undefined;
  readonly interval_start?: Duration | undefined;
  readonly interval_step?: Duration | undefined;
  readonly interval_max?: Duration | undefined;
}

export interface PublishRetry {
  /** Infinity: no end */
  readonly maxRetries: number;
  readonly startMs: number;
  readonly stepMs: number;
  readonly longestMs: number;
}

const celeryNames: Readonly<Record<keyof CeleryRetryPolicy, keyof RetryPolicy>> = {
  max_retries: "maxRetries",
  interval_start: "intervalStart",
  interval_step: "intervalStep",
  interval_max: "intervalMax",
};
const checks: Readonly<Record<keyof RetryPolicy, (value: unknown, name: string) => boolean>> = {
  maxRetries: (value) => value === null || isCount(value),
  intervalStart: isDuration,
  intervalStep: isDuration,
  intervalMax: isDuration,
};

const untilTimeout: PublishRetry = Object.freeze({ maxRetries: Number.POSITIVE_INFINITY, startMs: 0, stepMs: 200, longestMs: 1_000 });

/** The policy, under our names or Celery's; undefined for what is none. Throws CONFIG_DURATION. */
export function readRetryPolicy(value: unknown): RetryPolicy | undefined {
  if (!isRecord(value)) return undefined;
  const policy: Record<string, unknown> = {};
  for (const [written, member] of Object.entries(value as object)) {
    const name = Object.hasOwn(celeryNames, written) ? celeryNames[written as keyof CeleryRetryPolicy] : written;
    if (!Object.hasOwn(checks, name)) return undefined;
    if (member === undefined) continue;
    if (!checks[name as keyof RetryPolicy](member, name)) return undefined;
    policy[name] = member;
  }
  return Object.freeze(policy);
}

/** As a signature on the wire has it: seconds, under Celery's names. */
export function wireRetryPolicy(policy: RetryPolicy): Record<string, unknown> {
  const entries = Object.entries(celeryNames).map(([name, own]) => {
    const value = policy[own];
    return [name, own === "maxRetries" || value === undefined || value === null ? value : durationMs(value, own) / 1_000];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

export function publishRetry(policy: RetryPolicy, base: PublishRetry = untilTimeout): PublishRetry {
  const { maxRetries, intervalStart, intervalStep, intervalMax } = policy;
  const ms = (duration: Duration | undefined, name: string, fallback: number) =>
    duration === undefined ? fallback : durationMs(duration, name);
  return Object.freeze({
    maxRetries: maxRetries === undefined ? base.maxRetries : (maxRetries ?? Number.POSITIVE_INFINITY),
    startMs: ms(intervalStart, "intervalStart", base.startMs),
    stepMs: ms(intervalStep, "intervalStep", base.stepMs),
    longestMs: ms(intervalMax, "intervalMax", base.longestMs),
  });
}

/** Wait before repetition `retry`, counted from 0. */
export function publishWaitMs({ startMs, stepMs, longestMs }: PublishRetry, retry: number): number {
  return Math.min(longestMs, startMs + retry * stepMs);
}
