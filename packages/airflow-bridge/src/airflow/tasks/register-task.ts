/** Tasks of Airflow that are written in TypeScript: which function runs for which task of which DAG. The DAG itself is Airflow's, where they are `@task.stub`. */
import { CeleriacError, type Duration, durationMs } from "@celeriac/core/runtime";
import type { TaskArguments } from "./task-client.ts";

export interface TaskRegistration {
  readonly dagId: string;
  /** with the groups it is in: "group.task" */
  readonly taskId: string;
  /** how long one try may take, then it has failed: nothing else knows, an `execution_timeout` in the DAG is not told to workers. Default: as long as it likes */
  readonly timeout?: Duration;
}

/** What it returns is its XCom `return_value`; undefined: it has none. */
export type TaskFunction = (args: TaskArguments) => unknown;

export interface RegisteredTask {
  readonly dagId: string;
  readonly taskId: string;
  /** null: none */
  readonly timeoutMs: number | null;
  readonly run: TaskFunction;
}

/** A user's modules may have another copy of this package than the worker: the tasks of a process are in one place all the same. */
const place = Symbol.for("celeriac.airflow.tasks");

/** Throws TASK_DEFINITION for what can never run, TASK_DUPLICATE for a task that has its function already, CONFIG_DURATION. */
export function registerTask(registration: TaskRegistration, run: TaskFunction): void {
  const { dagId, taskId, timeout } = registration;
  if (!isId(dagId) || !isId(taskId) || typeof run !== "function")
    throw new CeleriacError("TASK_DEFINITION", "registerTask({ dagId, taskId }, run): expected two texts and a function");
  const tasks = registered();
  const key = keyOf(dagId, taskId);
  if (tasks.has(key)) throw new CeleriacError("TASK_DUPLICATE", `The task ${taskId} of the DAG ${dagId} is registered twice`);
  const timeoutMs = timeout === undefined ? null : durationMs(timeout, `The timeout of ${dagId}.${taskId}`);
  tasks.set(key, Object.freeze({ dagId, taskId, timeoutMs, run }));
}

export function registeredTasks(): readonly RegisteredTask[] {
  return [...registered().values()];
}

export function registeredTask(dagId: string, taskId: string): RegisteredTask | null {
  return registered().get(keyOf(dagId, taskId)) ?? null;
}

function registered(): Map<string, RegisteredTask> {
  const shared = globalThis as { [place]?: Map<string, RegisteredTask> };
  shared[place] ??= new Map();
  return shared[place];
}

/** Neither may hold a slash. */
function keyOf(dagId: string, taskId: string): string {
  return `${dagId}/${taskId}`;
}

function isId(id: unknown): boolean {
  return typeof id === "string" && id !== "";
}
