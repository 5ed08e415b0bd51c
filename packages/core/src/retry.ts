/** When a failed run is tried again, and after how long: Celery's rules, pure. */
import type { RetryOptions } from "./context.ts";
import { durationMs } from "./duration.ts";
import { instantMs } from "./instant.ts";
import type { RunOptions } from "./task-options.ts";

const defaultMaxRetries = 3;
const defaultDelay = "3m";
const defaultBackoffMax = "10m";

/** Whether attempt `retries` (0 in the first run) may be followed by another. */
export function mayRetry(options: RunOptions, retries: number, maxRetries: number | null | undefined): boolean {
  const limit = maxRetries === undefined ? (options.maxRetries === undefined ? defaultMaxRetries : options.maxRetries) : maxRetries;
  return limit === null || retries < limit;
}

/** Whether an error is retried without being asked: listed in `autoretryFor` and not in `dontAutoretryFor`. */
export function isAutoretried(options: RunOptions, error: unknown): boolean {
  return matches(options.autoretryFor, error) && !matches(options.dontAutoretryFor, error);
}

function matches(rule: RunOptions["autoretryFor"], error: unknown): boolean {
  if (rule === undefined) return false;
  if (typeof rule === "function") return rule(error);
  return rule.some((kind) => error instanceof kind);
}

/**
 * Wait before the next attempt, ms. Without `retryBackoff` the default delay (3 min). With it: factor × 2^retries, at most `retryBackoffMax`
 * (10 min), and unless `retryJitter` is false a random part of that. `random` gives 0 ≤ x < 1.
 */
export function retryDelayMs(options: RunOptions, retries: number, random: () => number): number {
  const { retryBackoff } = options;
  if (retryBackoff === undefined || retryBackoff === false)
    return durationMs(options.defaultRetryDelay ?? defaultDelay, "defaultRetryDelay");
  const factorMs = retryBackoff === true ? 1_000 : durationMs(retryBackoff, "retryBackoff");
  const waitMs = Math.min(factorMs * 2 ** retries, durationMs(options.retryBackoffMax ?? defaultBackoffMax, "retryBackoffMax"));
  return options.retryJitter === false ? waitMs : Math.floor(random() * (waitMs + 1));
}

interface RetryMoment {
  readonly nowMs: number;
  /** as of `retryDelayMs` */
  readonly random: () => number;
}

/** Epoch ms of the next attempt. A countdown wins over an eta, as in Celery. Throws CONFIG_DURATION, CONFIG_INVALID. */
export function retryAt(options: RunOptions, retries: number, { countdown, eta }: RetryOptions, { nowMs, random }: RetryMoment): number {
  const waitMs = countdown === undefined ? null : durationMs(countdown, "countdown");
  if (eta !== undefined && (waitMs === null || waitMs === 0)) return instantMs(eta, "eta");
  return instantMs(nowMs + (waitMs ?? retryDelayMs(options, retries, random)), "countdown");
}
