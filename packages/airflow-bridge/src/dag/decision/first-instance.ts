/** An instance as it stands when its run is new: nothing was decided yet. Of a mapped task it is the placeholder of those that it gives way to. */
import type { TaskModel } from "../model.ts";
import type { InstanceRecord, RunPlace } from "../records.ts";

export function firstInstance({ dagId, runId }: RunPlace, task: TaskModel, priorityWeight: number): InstanceRecord {
  return {
    dagId,
    runId,
    taskId: task.id,
    mapIndex: -1,
    state: "none",
    tryNumber: 0,
    maxTries: task.options.retries + 1,
    operator: task.operator,
    queue: task.options.queue,
    pool: task.options.pool,
    poolSlots: task.options.poolSlots,
    priorityWeight,
    ...noTry,
  };
}

/** What is known of a try that has not begun. */
export const noTry = Object.freeze({
  requeues: 0,
  externalId: null,
  scheduler: null,
  hostname: null,
  queuedAt: null,
  startedAt: null,
  firstStartedAt: null,
  endedAt: null,
  heartbeatAt: null,
  nextAt: null,
  reason: null,
});
