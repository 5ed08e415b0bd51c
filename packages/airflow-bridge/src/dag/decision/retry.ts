/** How long a failed try waits for the next one: Airflow's backoff, whose jitter is the same whoever computes it. */
import { createHash } from "node:crypto";
import { logicalDateText } from "../runs/run-id.ts";

export interface FailedTry {
  readonly dagId: string;
  readonly taskId: string;
  /** epoch ms */
  readonly logicalDate: number;
  /** of the try that failed, from 1 */
  readonly tryNumber: number;
}

export interface RetryRules {
  readonly retryDelayMs: number;
  readonly exponentialBackoff: boolean;
  /** null, or 0: none but that of a day */
  readonly maxRetryDelayMs: number | null;
}

/** Airflow's [core] max_task_retry_delay */
const mostSeconds = 86_400;

/** In ms. With backoff the delay doubles with each try, is of whole seconds, and up to twice as long; limits hold for backoff only. */
export function retryDelayMs({ dagId, taskId, logicalDate, tryNumber }: FailedTry, rules: RetryRules): number {
  const { retryDelayMs: delayMs, exponentialBackoff, maxRetryDelayMs } = rules;
  if (!exponentialBackoff) return delayMs;
  const factor = 2 ** (tryNumber - 1);
  const least = Number.isFinite(factor) ? Math.max(1, Math.ceil((delayMs / 1_000) * factor)) : mostSeconds;
  const seconds = least >= mostSeconds ? mostSeconds : Math.min(mostSeconds, least + jitter(least));
  return maxRetryDelayMs ? Math.min(maxRetryDelayMs, seconds * 1_000) : seconds * 1_000;

  /** 0 to `below` - 1 */
  function jitter(below: number): number {
    const key = `${dagId}#${taskId}#${logicalDateText(logicalDate)}#${tryNumber}`;
    return Number(BigInt(`0x${createHash("sha1").update(key).digest("hex")}`) % BigInt(below));
  }
}
