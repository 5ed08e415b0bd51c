/** Runs tasks of Airflow 3 that are written in TypeScript, each try in a Node process of its own; there is no Python in it. */
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { CeleriacError, type Clock, type Logger, processEntry, reasonOf } from "@celeriac/core/runtime";
import { type ChildCommand, type ChildLimits, startChild } from "../coordinator/start-child.ts";
import { readExecuteTask } from "../execute-task.ts";
import type { Launcher, WorkloadContext } from "../launcher.ts";
import type { Outcome } from "../outcome.ts";
import { type SupervisorOptions, superviseTask } from "../supervisor.ts";
import type { TaskWorkload, Workload } from "../workload.ts";

export interface TypeScriptLauncherOptions {
  /** URLs of the modules that call registerTask() */
  readonly modules: readonly string[];
  readonly supervisor: SupervisorOptions;
  readonly child: ChildLimits;
  /** of the processes */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface TypeScriptLauncher extends Launcher {
  /** Whether one of the modules registers the workload's task; known once it has started. */
  runs(workload: Workload): boolean;
}

interface KnownTask {
  readonly dagId: string;
  readonly taskId: string;
  readonly timeoutMs: number | null;
}

/** A task ends itself when its timeout is over, unless it never looks up: after so long its process is ended. */
const timeoutGraceMs = 5_000;

/** `start` loads the modules once, in a process of their own. Throws AIRFLOW_TASKS for one that cannot be loaded, or when none registers a task. */
export function createTypeScriptLauncher(options: TypeScriptLauncherOptions): TypeScriptLauncher {
  let listing: Promise<readonly KnownTask[]> | null = null;
  let tasks: readonly KnownTask[] = [];
  const find = (workload: Workload): KnownTask | undefined => {
    if (workload.kind !== "workload" || workload.type !== "ExecuteTask" || workload.instance === null) return undefined;
    const { dagId, taskId } = workload.instance;
    return tasks.find((task) => task.dagId === dagId && task.taskId === taskId);
  };
  return {
    async start() {
      listing ??= listTasks(commandOf(options));
      tasks = await listing;
      options.logger.info("tasks of Airflow in TypeScript", { tasks: tasks.map(({ dagId, taskId }) => `${dagId}.${taskId}`) });
    },
    runs: (workload) => find(workload) !== undefined,
    async run(workload, context) {
      if (workload.kind !== "workload") throw new CeleriacError("AIRFLOW_MESSAGE", "A command of Airflow 2 cannot run in TypeScript");
      return await superviseIn(workload, context, options, find(workload)?.timeoutMs ?? null);
    },
    async close() {},
  };
}

async function superviseIn(
  workload: TaskWorkload,
  context: WorkloadContext,
  { supervisor, child, clock, logger, ...options }: TypeScriptLauncherOptions,
  timeoutMs: number | null,
): Promise<Outcome> {
  const command = commandOf(options);
  return await superviseTask(readExecuteTask(workload), context, supervisor, {
    startChild: (listener) => startChild(command, listener, child, clock),
    timeLimitMs: timeoutMs === null ? null : timeoutMs + timeoutGraceMs,
    ...{ clock, logger },
  });
}

function commandOf({ modules, env }: Pick<TypeScriptLauncherOptions, "modules" | "env">): ChildCommand {
  const { url, execArgv } = processEntry(import.meta.url, "../child/task-entry");
  const args = [...execArgv, fileURLToPath(url), ...modules.map((module) => `--module=${module}`)];
  return { command: process.execPath, args, env };
}

const listFd = 3;

/** Asks a process that loads the modules. What they print is not for anyone. */
async function listTasks({ command, args, env }: ChildCommand): Promise<readonly KnownTask[]> {
  const child = spawn(command, [...args, `--list=${listFd}`], { env: { ...env }, stdio: ["ignore", "ignore", "pipe", "pipe"] });
  const ended = new Promise<string>((end) => {
    child.once("error", (error) => end(error.message));
    child.once("close", (code, signal) => end(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  const [said, stderr, how] = await Promise.all([text(child.stdio[listFd] as Readable), text(child.stderr as Readable), ended]);
  const { tasks = [], error } = readList(said) ?? { error: `their process ended with ${how}${stderr === "" ? "" : `: ${stderr.trim()}`}` };
  if (error !== undefined) throw new CeleriacError("AIRFLOW_TASKS", error);
  if (tasks.length === 0) throw new CeleriacError("AIRFLOW_TASKS", "No module that --tasks names registers a task");
  return tasks;
}

function readList(said: string): { readonly tasks?: readonly KnownTask[]; readonly error?: string } | null {
  try {
    return JSON.parse(said) as { readonly tasks?: readonly KnownTask[]; readonly error?: string };
  } catch (error) {
    return said === "" ? null : { error: reasonOf(error) };
  }
}
