/** One try of a task in TypeScript beside the Execution API that a test has set up, quick to lose patience: in a process of its own as in earnest, or within this one. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChildListener, TaskChild } from "../../../packages/airflow-bridge/src/airflow/coordinator/start-child.ts";
import { readExecuteTask } from "../../../packages/airflow-bridge/src/airflow/execute-task.ts";
import type { WorkloadContext } from "../../../packages/airflow-bridge/src/airflow/launcher.ts";
import { createTypeScriptLauncher, type TypeScriptLauncher } from "../../../packages/airflow-bridge/src/airflow/launchers/typescript.ts";
import type { Outcome } from "../../../packages/airflow-bridge/src/airflow/outcome.ts";
import { type SupervisorOptions, superviseTask } from "../../../packages/airflow-bridge/src/airflow/supervisor.ts";
import type { TaskWorkload } from "../../../packages/airflow-bridge/src/airflow/workload.ts";
import { silentLogger, systemClock } from "../../../packages/core/src/runtime.ts";
import { programUrl } from "../built.ts";
import { FakeExecutionApi, instanceId, runContext, runId, workloadToken } from "./execution-api.ts";
import { startNearChild } from "./near-child.ts";

export interface LogLine {
  readonly timestamp: string;
  readonly level: string;
  readonly event: string;
  readonly logger: string;
  readonly [field: string]: unknown;
}

interface TryOptions {
  readonly mapIndex?: number;
  readonly redelivered?: boolean;
  readonly signal?: AbortSignal;
  /** another one than within this process */
  readonly startChild?: (listener: ChildListener) => Promise<TaskChild>;
}

export interface Stage extends AsyncDisposable {
  readonly api: FakeExecutionApi;
  readonly launcher: TypeScriptLauncher;
  /** Runs a task of test/programs/airflow/tasks.ts as the launcher does. */
  launch(taskId: string, options?: TryOptions): Promise<Outcome>;
  /** The same, but the task's side is in this process. */
  run(taskId: string, options?: TryOptions): Promise<Outcome>;
  /** the file as Airflow's pages read it; empty: there is none yet */
  log(): Promise<readonly LogLine[]>;
}

export const logPath = `dag_id=report/run_id=${runId}/task_id=x/attempt=1.log`;

export async function openStage(change: Readonly<Record<string, unknown>> = {}): Promise<Stage> {
  const api = new FakeExecutionApi();
  await api.open();
  api.context = runContext(change);
  const folder = await mkdtemp(join(tmpdir(), "celeriac-airflow-"));
  const supervisor: SupervisorOptions = {
    api: { url: api.url, timeoutMs: 5_000, attempts: 3, retryMinMs: 1, retryMaxMs: 2 },
    heartbeat: { intervalMs: 20, maxFailed: 2 },
    ...{ overtimeMs: 5_000, logFolder: folder, hostname: "worker-1" },
  };
  const launcher = launcherOf("airflow/tasks", supervisor);
  return {
    ...{ api, launcher },
    launch: (taskId, options = {}) => launcher.run(workloadOf(taskId, options.mapIndex), contextOf(options)),
    run(taskId, options = {}) {
      const task = readExecuteTask(workloadOf(taskId, options.mapIndex));
      const parts = { startChild: options.startChild ?? startNearChild, timeLimitMs: null, clock: systemClock, logger: silentLogger };
      return superviseTask(task, contextOf(options), supervisor, parts);
    },
    async log() {
      const text = await readFile(join(folder, logPath), "utf8").catch(() => "");
      const lines = text.split("\n").filter((line) => line !== "");
      return lines.map((line) => JSON.parse(line) as LogLine);
    },
    async [Symbol.asyncDispose]() {
      api.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** `module`: of test/programs */
export function launcherOf(module: string, supervisor: SupervisorOptions): TypeScriptLauncher {
  return createTypeScriptLauncher({
    modules: [programUrl(module).href],
    supervisor,
    child: { startMs: 10_000, escalateMs: 300 },
    env: { PATH: process.env["PATH"], AIRFLOW__LOGGING__LOGGING_LEVEL: "INFO" },
    ...{ clock: systemClock, logger: silentLogger },
  });
}

export function contextOf({ redelivered = false, signal = new AbortController().signal }: TryOptions = {}): WorkloadContext {
  return { celeryId: "c-1", queue: "typescript", redelivered, signal };
}

export function workloadOf(taskId: string, mapIndex = -1, change: Readonly<Record<string, unknown>> = {}): TaskWorkload {
  const ti = {
    id: instanceId,
    dag_version_id: instanceId,
    task_id: taskId,
    dag_id: "report",
    run_id: runId,
    try_number: 1,
    map_index: mapIndex,
  };
  const text = JSON.stringify({
    ...{ token: workloadToken, dag_rel_path: "report.py", bundle_info: { name: "dags-folder", version: null }, log_path: logPath },
    ...{ ti: { ...ti, pool_slots: 1, queue: "typescript", priority_weight: 1 }, sentry_integration: "", type: "ExecuteTask" },
    ...change,
  });
  const instance = { id: instanceId, dagId: "report", taskId, runId, tryNumber: 1, mapIndex: mapIndex < 0 ? null : mapIndex };
  return { kind: "workload", text, type: "ExecuteTask", instance };
}
