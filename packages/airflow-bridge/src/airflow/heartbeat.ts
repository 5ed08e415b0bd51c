/** Tells Airflow's server every few seconds that a try runs: that keeps it from being taken for dead, and its token from expiring. */
import { type Clock, type Logger, reasonOf } from "@celeriac/core/runtime";
import { ExecutionApiError } from "./execution-api/api-error.ts";
import type { ExecutionApi } from "./execution-api/execution-api.ts";
import type { TaskProcess } from "./execution-api/types.ts";

export interface HeartbeatOptions {
  /** Airflow's `[workers] min_heartbeat_interval` */
  readonly intervalMs: number;
  /** how many may fail in a row before the task is ended; `[workers] max_failed_heartbeats` */
  readonly maxFailed: number;
}

/** refused: the server says that the task is not to run any more; failed: too many got no answer. */
export type HeartbeatEnd = { readonly kind: "refused"; readonly detail: unknown } | { readonly kind: "failed"; readonly reason: string };

/** Resolves with why the task is to end, or with null once `signal` aborts. */
export async function keepHeartbeat(
  api: ExecutionApi,
  process: TaskProcess,
  { intervalMs, maxFailed }: HeartbeatOptions,
  { clock, logger, signal }: { readonly clock: Clock; readonly logger: Logger; readonly signal: AbortSignal },
): Promise<HeartbeatEnd | null> {
  for (let failed = 0; ; ) {
    await clock.sleep(intervalMs, signal);
    if (signal.aborted) return null;
    try {
      await api.heartbeat(process);
      failed = 0;
    } catch (error) {
      if (signal.aborted) return null;
      if (isRefusal(error)) return { kind: "refused", detail: (error as ExecutionApiError).detail };
      failed++;
      logger.warn("a heartbeat of a task failed", { failed, of: maxFailed, reason: reasonOf(error) });
      if (failed >= maxFailed) return { kind: "failed", reason: reasonOf(error) };
    }
  }
}

/** Gone, cleared, marked by hand, or running elsewhere: nothing of this try counts any more. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ExecutionApiError && [404, 409, 410].includes(error.status ?? 0);
}
