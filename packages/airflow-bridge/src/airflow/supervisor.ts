/**
 * Supervises one try of a task that another process runs: asks the server whether it may begin, keeps its heartbeat, answers what it asks
 * for, tells the server how it ended, and writes its log. The token stays here.
 *
 * In this order: the process is there, but has loaded nothing; `run`, which names its pid; what to run is told; heartbeats until it says how
 * it ended, which is told at once; then it has some seconds to be gone. When the server does not want the task any more it is ended, and
 * nothing is told.
 */
import { userInfo } from "node:os";
import { CeleriacError, type Clock, type Logger, reasonOf } from "@celeriac/core/runtime";
import { answer } from "./coordinator/answer.ts";
import type { Body, Frame } from "./coordinator/frames.ts";
import type { Ending } from "./coordinator/messages.ts";
import type { ChildEnd, ChildListener, TaskChild } from "./coordinator/start-child.ts";
import type { ExecuteTask } from "./execute-task.ts";
import { ExecutionApiError } from "./execution-api/api-error.ts";
import { type ApiOptions, ApiSession } from "./execution-api/api-session.ts";
import { createExecutionApi, type ExecutionApi } from "./execution-api/execution-api.ts";
import type { TaskProcess, TaskRunContext, TaskState } from "./execution-api/types.ts";
import { type HeartbeatOptions, isRefusal, keepHeartbeat } from "./heartbeat.ts";
import type { WorkloadContext } from "./launcher.ts";
import type { Outcome } from "./outcome.ts";
import { SecretMask } from "./task-log/secret-mask.ts";
import { openTaskLog, type TaskLog } from "./task-log/task-log.ts";

export interface SupervisorOptions {
  readonly api: ApiOptions;
  readonly heartbeat: HeartbeatOptions;
  /** how long a process may go on after its task has ended; Airflow's `[core] task_success_overtime` */
  readonly overtimeMs: number;
  /** Airflow's `[logging] base_log_folder` */
  readonly logFolder: string;
  /** under which the server, and whoever looks for logs, knows this machine */
  readonly hostname: string;
}

export interface SupervisorParts {
  /** Throws AIRFLOW_LAUNCHER. */
  startChild(listener: ChildListener): Promise<TaskChild>;
  /** when the task is ended from outside, ms after its start; null: never */
  readonly timeLimitMs: number | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Resolves when the process is gone and the server knows. Throws AIRFLOW_LAUNCHER for what is wrong with this machine: then nothing was begun. */
export async function superviseTask(
  task: ExecuteTask,
  context: WorkloadContext,
  options: SupervisorOptions,
  parts: SupervisorParts,
): Promise<Outcome> {
  const { clock, logger } = parts;
  const mask = new SecretMask();
  mask.add(task.token);
  const broken = (error: Error) =>
    logger.warn("the log of a task cannot be written any more", { path: task.logPath, reason: error.message });
  const log = await openTaskLog({ folder: options.logFolder, path: task.logPath }, mask, clock, broken);
  const api = createExecutionApi(new ApiSession(options.api, task.token, clock, (token) => mask.add(token)), task.ti.id);
  try {
    return await new Supervision(task, { context, options, parts, mask, log, api }).run();
  } finally {
    await log.close();
  }
}

interface Tools {
  readonly context: WorkloadContext;
  readonly options: SupervisorOptions;
  readonly parts: SupervisorParts;
  readonly mask: SecretMask;
  readonly log: TaskLog;
  readonly api: ExecutionApi;
}

class Supervision {
  readonly #task: ExecuteTask;
  readonly #tools: Tools;
  readonly #exited: Promise<ChildEnd>;
  readonly #tellExit: (end: ChildEnd) => void;
  /** aborts when heartbeats are over: the task has ended, or its process has */
  readonly #quiet = new AbortController();
  #child: TaskChild | null = null;
  #ending: TaskState | null = null;
  /** in the server's hands */
  #isTold = false;
  #telling: Promise<unknown> = Promise.resolve();
  /** the server does not want this try any more */
  #isRefused = false;

  constructor(task: ExecuteTask, tools: Tools) {
    this.#task = task;
    this.#tools = tools;
    let tellExit: (end: ChildEnd) => void = () => {};
    this.#exited = new Promise((exited) => {
      tellExit = exited;
    });
    this.#tellExit = tellExit;
  }

  async run(): Promise<Outcome> {
    const { context, parts, options } = this.#tools;
    if (context.signal.aborted) throw new CeleriacError("AIRFLOW_LAUNCHER", "The task was to end before it had begun");
    const child = await parts.startChild(this.#listener());
    this.#child = child;
    const process: TaskProcess = { hostname: options.hostname, pid: child.pid };
    let started: TaskRunContext;
    try {
      started = await this.#tools.api.run({ ...process, unixname: userInfo().username, start_date: this.#now() });
    } catch (error) {
      child.kill();
      await this.#exited;
      return this.#refusedStart(error);
    }
    child.send({ id: 0, body: this.#startupDetails(started), error: null });
    const end = await this.#watch(child, process);
    return await this.#conclude(end, started.should_retry ?? false);
  }

  #listener(): ChildListener {
    const { log } = this.#tools;
    return {
      frame: (frame) => void this.#heed(frame),
      record: (line) => log.forward(line),
      printed: (stream, line) => log.write(stream === "stderr" ? "error" : "info", line, { logger: `task.${stream}` }),
      exited: (end) => {
        this.#quiet.abort();
        this.#tellExit(end);
      },
    };
  }

  /** Until the process is gone. */
  async #watch(child: TaskChild, process: TaskProcess): Promise<ChildEnd> {
    const { context, parts, options, log, api } = this.#tools;
    const { clock, logger } = parts;
    const stop = () => {
      log.write("warning", "The worker ends this task");
      child.terminate();
    };
    context.signal.addEventListener("abort", stop, { once: true });
    if (context.signal.aborted) stop();
    const limit = parts.timeLimitMs === null ? null : clock.after(parts.timeLimitMs, () => this.#overrun(child));
    void keepHeartbeat(api, process, options.heartbeat, { clock, logger, signal: this.#quiet.signal }).then((why) => {
      if (why === null) return;
      this.#isRefused = why.kind === "refused";
      const text = this.#isRefused
        ? "Airflow does not want this task to run any more: it is ended"
        : "Too many heartbeats failed: the task is ended";
      log.write("error", text, why.kind === "refused" ? { detail: why.detail } : { reason: why.reason });
      child.terminate();
    });
    try {
      return await this.#exited;
    } finally {
      limit?.cancel();
      context.signal.removeEventListener("abort", stop);
    }
  }

  #overrun(child: TaskChild): void {
    if (this.#ending !== null) return;
    this.#tools.log.write("error", "The task did not end when its timeout was over: its process is ended");
    child.terminate();
  }

  async #heed(frame: Frame): Promise<void> {
    const { api, mask } = this.#tools;
    const state = stateOf(frame.body);
    this.#child?.send(state === null ? await answer(frame, api, mask) : await this.#end(frame.id, state));
  }

  /** What the process says of its task's end holds, and is told at once; the process has little time left. */
  async #end(id: number, state: TaskState): Promise<Frame> {
    const { parts, options, log } = this.#tools;
    if (this.#ending !== null) return { id, body: null, error: { type: "ErrorResponse", error: "GENERIC_ERROR", detail: null } };
    this.#ending = state;
    this.#quiet.abort();
    const overtime = parts.clock.after(options.overtimeMs, () => {
      log.write("warning", "The task has ended, but not its process: it is ended now");
      this.#child?.terminate();
    });
    void this.#exited.then(() => overtime.cancel());
    try {
      const telling = this.#tell(state);
      this.#telling = telling.catch(() => {});
      await telling;
      return { id, body: null, error: null };
    } catch (error) {
      // It is tried once more when the process is gone.
      parts.logger.warn("the end of a task could not be told to Airflow", { taskInstance: this.#task.ti.id, reason: reasonOf(error) });
      return { id, body: null, error: { type: "ErrorResponse", error: "API_SERVER_ERROR", detail: { message: reasonOf(error) } } };
    }
  }

  async #tell(state: TaskState): Promise<void> {
    try {
      if (!this.#isRefused) await this.#tools.api.setState(state);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#isRefused = true;
      this.#tools.log.write("warning", "Airflow had decided otherwise about this task before it ended", { reason: reasonOf(error) });
    }
    this.#isTold = true;
  }

  async #conclude(end: ChildEnd, shouldRetry: boolean): Promise<Outcome> {
    const { log } = this.#tools;
    await this.#telling;
    if (this.#isTold || this.#isRefused) return { kind: "success" };
    if (this.#ending === null && end.code !== 0) log.write("error", `The task's process ended before its task: ${end.how}`);
    try {
      await this.#tell(this.#ending ?? stateAfter(end, shouldRetry, this.#now()));
      return { kind: "success" };
    } catch (error) {
      return { kind: "failure", message: `The task has ended, but Airflow could not be told: ${reasonOf(error)}` };
    }
  }

  /** Nothing of the task has begun. */
  #refusedStart(error: unknown): Outcome {
    const { context, log } = this.#tools;
    const reason = reasonOf(error);
    log.write("error", "Airflow did not let this task begin", { reason });
    if (error instanceof ExecutionApiError) {
      if (error.status === 409 && error.previousState === "running") return { kind: "ignore", reason };
      // After a second delivery a token that has expired says that the first one ran for long.
      if (error.status === 403 && context.redelivered) return { kind: "ignore", reason };
    }
    return { kind: "failure", message: reason };
  }

  #startupDetails(started: TaskRunContext): Body {
    const { ti, dagRelPath, bundleInfo, sentryIntegration } = this.#task;
    return {
      ...{ type: "StartupDetails", ti, dag_rel_path: dagRelPath, bundle_info: bundleInfo, start_date: this.#now() },
      ...{ ti_context: started, sentry_integration: sentryIntegration },
    };
  }

  #now(): string {
    return new Date(this.#tools.parts.clock.now()).toISOString();
  }
}

/** null: the frame is a request. */
function stateOf(body: Body | null): TaskState | null {
  const ending = body as Ending | null;
  switch (ending?.type) {
    case "SucceedTask":
      return { state: "success", end_date: ending.end_date, task_outlets: [], outlet_events: [] };
    case "RescheduleTask":
      return { state: "up_for_reschedule", reschedule_date: ending.reschedule_date, end_date: ending.end_date };
    case "RetryTask":
      return { state: "up_for_retry", end_date: ending.end_date };
    case "TaskState":
      return { state: ending.state, end_date: ending.end_date };
    default:
      return null;
  }
}

/** Of a task whose process said nothing: as Airflow's own supervisor takes it. */
function stateAfter({ code }: ChildEnd, shouldRetry: boolean, end_date: string): TaskState {
  if (code === 0) return { state: "success", end_date, task_outlets: [], outlet_events: [] };
  return { state: shouldRetry ? "up_for_retry" : "failed", end_date };
}
