/** The launcher that starts one process for each workload: slow to begin, and nothing is shared. The process has a session of its own, so that no signal to the worker's reaches it. */
import { type ChildProcess, spawn } from "node:child_process";
import { hostname } from "node:os";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { CeleriacError, type Clock, type Logger, reasonOf } from "@celeriac/core/runtime";
import type { Environment } from "../config.ts";
import { findInterpreter, type Interpreter } from "../interpreter.ts";
import type { Launcher, WorkloadContext } from "../launcher.ts";
import type { Outcome } from "../outcome.ts";
import { hideTokens } from "../redaction.ts";
import { withUnlinkedFile } from "../unlinked-file.ts";
import type { CommandWorkload, TaskWorkload, Workload } from "../workload.ts";

export interface SpawnOptions {
  /** of the processes */
  readonly environment: Environment;
  /** Gets what they print, without tokens. */
  readonly logger: Logger;
  readonly clock: Clock;
  /** how long after SIGTERM a process is killed */
  readonly killAfterMs: number;
}

const success: Outcome = Object.freeze({ kind: "success" });

export function createSpawnLauncher(options: SpawnOptions): Launcher {
  const { environment, logger, clock, killAfterMs } = options;
  let interpreter: Interpreter | null = null;
  const running = new Set<ChildProcess>();
  let idle: (() => void)[] = [];

  function begin(workload: Workload, celeryId: string): ChildProcess {
    interpreter ??= findInterpreter(environment);
    const found = interpreter;
    return workload.kind === "command"
      ? startCommand(found, workload, { ...environment, external_executor_id: celeryId })
      : withUnlinkedFile(workload.text, (stdin) => startWorkload(found, workload, environment, stdin));
  }

  function ended(child: ChildProcess): void {
    running.delete(child);
    if (running.size > 0) return;
    for (const resolve of idle) resolve();
    idle = [];
  }

  return {
    async start() {
      interpreter = findInterpreter(environment);
    },
    async run(workload, context) {
      const child = begin(workload, context.celeryId);
      running.add(child);
      const stopWatching = terminateOn(context.signal, child, clock, killAfterMs);
      passOn(child, logger, context);
      try {
        const { code, signal } = await exitOf(child);
        if (code === 0) return success;
        return { kind: "failure", message: failureText(workload, context, child.pid!, code ?? signal!) };
      } finally {
        stopWatching();
        ended(child);
      }
    },
    async close() {
      if (running.size > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
}

function startCommand({ airflow }: Interpreter, { command, dagId, taskId }: CommandWorkload, environment: Environment): ChildProcess {
  const env = { ...environment, _AIRFLOW_PARSING_CONTEXT_DAG_ID: dagId, _AIRFLOW_PARSING_CONTEXT_TASK_ID: taskId };
  return spawn(airflow, command.slice(1), { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
}

/** The text bears a token, which everybody could see among the arguments of a process. */
function startWorkload({ python }: Interpreter, _: TaskWorkload, environment: Environment, stdin: number): ChildProcess {
  const args = ["-m", "airflow.sdk.execution_time.execute_workload", "--json-path", "/dev/stdin"];
  return spawn(python, args, { env: { ...environment }, detached: true, stdio: [stdin, "pipe", "pipe"] });
}

/** What it has started may hold its output open for longer, and is not waited for. */
function exitOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", (cause) => {
      if (child.pid === undefined)
        reject(new CeleriacError("AIRFLOW_LAUNCHER", `A process of Airflow could not be started: ${reasonOf(cause)}`, { cause }));
    });
  });
}

/** Its process group gets SIGTERM, on which Airflow's supervisor ends the task and says so, and later SIGKILL. */
function terminateOn(signal: AbortSignal, child: ChildProcess, clock: Clock, killAfterMs: number): () => void {
  const over = new AbortController();
  const terminate = () => {
    signalGroup(child, "SIGTERM");
    const late = clock.after(killAfterMs, () => signalGroup(child, "SIGKILL"));
    over.signal.addEventListener("abort", () => late.cancel(), { once: true });
  };
  if (signal.aborted) terminate();
  else signal.addEventListener("abort", terminate, { once: true, signal: over.signal });
  return () => over.abort();
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

function passOn(child: ChildProcess, logger: Logger, { celeryId: taskId }: WorkloadContext): void {
  const fields = { taskId, pid: child.pid };
  const read = (stream: Readable | null, name: "stdout" | "stderr") => {
    if (stream === null) return;
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => {
      logger.info(hideTokens(line), { ...fields, stream: name });
    });
  };
  read(child.stdout, "stdout");
  read(child.stderr, "stderr");
}

/** As Airflow's own worker says it. */
function failureText(workload: Workload, { celeryId }: WorkloadContext, pid: number, code: number | NodeJS.Signals): string {
  const what = workload.kind === "command" ? "Celery command" : "Workload";
  return `${what} failed on host: ${hostname()} with celery_task_id ${celeryId} (PID: ${pid}, Return Code: ${code})`;
}
