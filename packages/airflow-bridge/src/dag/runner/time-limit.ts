/** After which time work is ended from outside, and how it has ended then. What `perform` is given by runner, triggerer and trial. */

import type { Ending, TaskModel } from "../model.ts";
import { timedOut } from "./look.ts";

export interface TimeLimit {
  readonly ms: number;
  readonly ending: Extract<Ending, { readonly reason: string }>;
}

/** Timers go no further: some 24 days. */
const longestMs = 2 ** 31 - 1;

/**
 * Its execution timeout; of a wait also that of all its looks, for a poke that does not come back: it may last one interval longer, as the last look
 * begins when the time is over. Airflow ends such a poke by its execution timeout alone. null: none.
 */
export function timeLimitOf({ options, work }: TaskModel, firstStartedAt: number, now: number): TimeLimit | null {
  const limits: TimeLimit[] = [];
  const { executionTimeoutMs: ms } = options;
  if (ms !== null)
    limits.push({ ms, ending: { kind: "failed", reason: `it ran for longer than its execution timeout (${ms} ms)`, retryable: true } });
  if (work.kind === "wait" && work.timeoutMs !== null)
    limits.push({ ms: Math.max(0, firstStartedAt + work.timeoutMs - now) + work.intervalMs, ending: timedOut(work) });
  const [first] = limits.filter((limit) => limit.ms <= longestMs).sort((one, other) => one.ms - other.ms);
  return first ?? null;
}
