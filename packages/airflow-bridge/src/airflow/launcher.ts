/** Runs workloads, each in a process of its own. There is one for each way of starting them; the worker knows only this. */

import type { Outcome } from "./outcome.ts";
import type { Workload } from "./workload.ts";

export interface Launcher {
  /** Resolves when workloads can be run. Rejects with AIRFLOW_* for what keeps them from it. */
  start(): Promise<void>;
  /** Resolves when its process has ended. Rejects only for what is wrong with this worker, so that another one may run it. */
  run(workload: Workload, context: WorkloadContext): Promise<Outcome>;
  /** Ends what the launcher itself has started, once none runs. */
  close(): Promise<void>;
}

export interface WorkloadContext {
  /** the id of the Celery task */
  readonly celeryId: string;
  /** the queue it came through */
  readonly queue: string;
  /** the broker has handed it out before */
  readonly redelivered: boolean;
  /** aborted when the task is to end now (terminated, or the worker stops cold): its process gets SIGTERM */
  readonly signal: AbortSignal;
}
