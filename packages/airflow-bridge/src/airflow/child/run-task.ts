/** Runs the function of one task, and says how it ended. */
import { CeleriacError, type Clock, reasonOf } from "@celeriac/core/runtime";
import type { Ending, StartupDetails } from "../coordinator/messages.ts";
import { registeredTask } from "../tasks/register-task.ts";
import type { TaskContext } from "../tasks/task-client.ts";
import { TaskEnding, TaskPutOff } from "../tasks/task-ending.ts";
import type { LogChannel } from "./log-channel.ts";
import type { SupervisorChannel } from "./supervisor-channel.ts";
import { clearXComs, createTaskClient } from "./task-client.ts";
import { taskContextOf } from "./task-context.ts";

export interface TaskRunParts {
  readonly channel: SupervisorChannel;
  readonly log: LogChannel;
  readonly clock: Clock;
  /** Throws AIRFLOW_TASKS. */
  load(): Promise<void>;
  /** aborts when the process is told to end */
  readonly signal: AbortSignal;
}

/** Never throws: what goes wrong is how it ended. */
export async function runTask(startup: StartupDetails, parts: TaskRunParts): Promise<Ending> {
  const { channel, log, clock } = parts;
  const aborting = new AbortController();
  const ctx = taskContextOf(startup, AbortSignal.any([parts.signal, aborting.signal]));
  const now = () => new Date(clock.now()).toISOString();
  try {
    await parts.load();
    await clearXComs(channel, ctx, startup.ti_context.xcom_keys_to_clear ?? []);
    const task = registeredTask(ctx.dagId, ctx.taskId);
    if (task === null) throw new TaskEnding("fail", `No module registers the task ${ctx.taskId} of the DAG ${ctx.dagId}`);
    const client = createTaskClient(channel, ctx, log, clock);
    const running = (async () => {
      const result = await task.run({ ctx, client });
      if (result !== undefined) await client.setXCom({ key: "return_value", value: result });
    })();
    await within(task.timeoutMs, running, aborting, clock);
    // It may have come back early because of that.
    if (ctx.signal.aborted) throw ctx.signal.reason;
    return { type: "SucceedTask", end_date: now(), task_outlets: [], outlet_events: [] };
  } catch (error) {
    return endingAfter(error, ctx, log, now());
  }
}

/** After its timeout a task has a moment to clean up: its own error is not waited for longer than that. */
const cleanUpMs = 2_000;

async function within(timeoutMs: number | null, running: Promise<void>, aborting: AbortController, clock: Clock): Promise<void> {
  if (timeoutMs === null) return await running;
  const over = new AbortController();
  void running.catch(() => {}).then(() => over.abort());
  await clock.sleep(timeoutMs, over.signal);
  if (over.signal.aborted) return await running;
  const error = new CeleriacError("TASK_TIME_LIMIT", `The task ran longer than its timeout of ${timeoutMs} ms`);
  aborting.abort(error);
  await Promise.race([running.catch(() => {}), clock.sleep(cleanUpMs)]);
  throw error;
}

/** Whoever throws anything but an ending has failed; whether that is tried again the server has said. */
function endingAfter(error: unknown, ctx: TaskContext, log: LogChannel, end_date: string): Ending {
  if (error instanceof TaskPutOff) {
    const reschedule_date = error.until.toISOString();
    log.info("The task is put off", { until: reschedule_date });
    return { type: "RescheduleTask", reschedule_date, end_date };
  }
  if (error instanceof TaskEnding) {
    if (error.kind === "skip") {
      log.info("The task is skipped", { reason: error.message });
      return { type: "TaskState", state: "skipped", end_date };
    }
    if (error.kind === "retry") log.warn("The task asks for another try", { reason: error.message });
    else log.error("The task failed, and is not tried again", { reason: error.message });
    if (error.kind === "fail") return { type: "TaskState", state: "failed", end_date };
  } else log.failure("The task failed", error);
  if (!ctx.shouldRetry) return { type: "TaskState", state: "failed", end_date };
  return { type: "RetryTask", end_date, retry_reason: reasonOf(error).slice(0, 500) };
}
