/** The context of a try, from what its supervisor told. */
import type { StartupDetails } from "../coordinator/messages.ts";
import type { DagRun, TaskContext } from "../tasks/task-client.ts";

export function taskContextOf({ ti, ti_context }: StartupDetails, signal: AbortSignal): TaskContext {
  return Object.freeze({
    ...{ dagId: ti.dag_id, taskId: ti.task_id, runId: ti.run_id, tryNumber: ti.try_number, mapIndex: ti.map_index ?? -1 },
    ...{ dagRun: dagRunOf(ti_context.dag_run), shouldRetry: ti_context.should_retry ?? false },
    ...{ rescheduleCount: ti_context.task_reschedule_count ?? 0, signal },
  });
}

function dagRunOf(run: StartupDetails["ti_context"]["dag_run"]): DagRun {
  return Object.freeze({
    logicalDate: dateOf(run.logical_date),
    dataIntervalStart: dateOf(run.data_interval_start),
    dataIntervalEnd: dateOf(run.data_interval_end),
    runAfter: new Date(run.run_after),
    runType: run.run_type,
    conf: run.conf ?? {},
  });
}

function dateOf(instant: string | null): Date | null {
  return instant === null || instant === undefined ? null : new Date(instant);
}
