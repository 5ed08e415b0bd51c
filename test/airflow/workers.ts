/** Workers that take what this Airflow's scheduler sends: ours, and Airflow's own where both are looked at side by side. */
import { join } from "node:path";
import { startCeleriac } from "../support/celeriac-command.ts";
import { freePort } from "../support/free-port.ts";
import type { PrivateProcess } from "../support/private-process.ts";
import type { Stage } from "./stage.ts";

export interface WorkerOptions {
  /** (default) */
  readonly queues?: readonly string[];
  /** tasks at once (4) */
  readonly slots?: number;
  /** stands behind celery@ in its node name */
  readonly name: string;
  /** It serves its logs where the server looks for them; only one at a time can (true). */
  readonly servesLogs?: boolean;
  /** more of the command's flags */
  readonly flags?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

const readyLimitMs = 120_000;

/** `celeriac airflow worker`; resolves when it takes tasks. */
export async function startOurWorker(stage: Stage, options: WorkerOptions): Promise<PrivateProcess> {
  const environment = { ...stage.environment, ...(await environmentOf(stage, options)) };
  const worker = startCeleriac(stage.folder, ["airflow", "worker", "-H", options.name, ...flagsOf(options)], environment);
  return await untilReady(worker, /worker-online/);
}

/** `airflow celery worker`; resolves when it takes tasks. Its node name is the host's: with one that it was given, some versions take tasks and run none. */
export async function startPythonWorker(stage: Stage, options: WorkerOptions): Promise<PrivateProcess> {
  const worker = stage.start(["celery", "worker", ...flagsOf(options)], await environmentOf(stage, options));
  return await untilReady(worker, /celery@\S+ ready/);
}

function flagsOf({ queues = ["default"], slots = 4, flags = [] }: WorkerOptions): readonly string[] {
  return ["-q", queues.join(","), "-c", String(slots), "--without-mingle", ...flags];
}

/** The logs lie where the server does not look by itself: it has to ask the worker. */
async function environmentOf(stage: Stage, { name, servesLogs = true, environment = {} }: WorkerOptions): Promise<NodeJS.ProcessEnv> {
  const port = servesLogs ? {} : { AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT: String(await freePort()) };
  return { AIRFLOW__LOGGING__BASE_LOG_FOLDER: join(stage.folder, "logs", name), ...port, ...environment };
}

async function untilReady(worker: PrivateProcess, sign: RegExp): Promise<PrivateProcess> {
  try {
    await worker.wrote(sign, readyLimitMs);
    return worker;
  } catch (error) {
    await worker.stop({ signal: "SIGKILL" });
    throw error;
  }
}
