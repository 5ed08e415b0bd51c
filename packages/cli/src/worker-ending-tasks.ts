/**
 * `celeriac airflow worker`: whatever ends a task's process, its end is waited for. A message that went back while Airflow still takes its task for running
 * would be ignored by the next worker, and the scheduler would never hear how it ended.
 */
import { type Clock, type Duration, durationMs } from "@celeriac/core/runtime";
import type { Worker } from "@celeriac/worker";

export interface EndingOptions {
  /** Has the processes of all tasks end. */
  readonly endTasks: () => void;
  /** after which a process that does not end is killed */
  readonly killAfterMs: number;
  /** how long tasks may run after a stop was asked for; null: as long as they take */
  readonly grace: Duration | null;
  readonly clock: Clock;
}

/** How long the last outcomes may take to be stored. */
const lastWordsMs = 5_000;

/** The worker, which has tasks end instead of handing them back: when it stops cold, and when their grace is over. */
export function workerEndingTasks(worker: Worker, { endTasks, killAfterMs, grace, clock }: EndingOptions): Worker {
  const endMs = killAfterMs + lastWordsMs;
  const graceMs = grace === null ? null : durationMs(grace, "grace");
  return {
    ...worker,
    async stop(options) {
      const late = graceMs === null ? null : clock.after(graceMs, endTasks);
      try {
        await worker.stop(graceMs === null ? options : { deadline: (graceMs + endMs) / 1_000 });
      } finally {
        late?.cancel();
      }
    },
    async terminate() {
      endTasks();
      const stopped = new AbortController();
      const waited = clock.sleep(endMs, stopped.signal);
      await Promise.race([worker.stop().finally(() => stopped.abort()), waited]);
      await worker.terminate();
    },
  };
}
