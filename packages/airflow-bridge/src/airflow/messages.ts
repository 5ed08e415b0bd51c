/**
 * Reads what a scheduler sends: the only thing that stands between whoever may write to the broker and this machine. Commands are allowed word by word;
 * of workloads only what has to be known here is read, and the rest is Airflow's to judge.
 */
import { CeleriacError } from "@celeriac/core/runtime";
import type { AirflowTaskKind } from "./names.ts";
import type { CommandWorkload, TaskInstance, TaskWorkload, Workload } from "./workload.ts";

/** `argument`: the only one of the task. Throws AIRFLOW_MESSAGE for what no scheduler sends. */
export function readWorkload(kind: AirflowTaskKind, argument: unknown): Workload {
  return kind === "command" ? readCommand(argument) : readText(argument);
}

/** Flags that schedulers send → what their value looks like; null: they have none. Others of `airflow tasks run` would reach files, or run what the message brings along. */
const commandFlags: Readonly<Record<string, RegExp | null>> = {
  "--mark-success": null,
  "--job-id": /^\d+$/,
  "--ignore-all-dependencies": null,
  "--ignore-dependencies": null,
  "--ignore-depends-on-past": null,
  "--depends-on-past": /^(?:check|ignore|wait)$/,
  "--force": null,
  "--local": null,
  "--pool": /^[^-]/,
  "--subdir": /^[^-]/,
  "--map-index": /^(?:-1|\d+)$/,
};

function readCommand(argument: unknown): CommandWorkload {
  if (!Array.isArray(argument) || !argument.every((word) => typeof word === "string" && !word.includes("\0")))
    throw refused("expected the words of a command, in a list");
  const [airflow, tasks, run, dagId, taskId, runId, ...flags] = argument as readonly string[];
  if (airflow !== "airflow" || tasks !== "tasks" || run !== "run") throw refused("the command is not `airflow tasks run`");
  const names = [dagId, taskId, runId];
  if (names.some((name) => name === undefined || name === "" || name.startsWith("-")))
    throw refused("expected dag, task and run behind `airflow tasks run`");
  let mapIndex: number | null = null;
  for (let at = 0; at < flags.length; at++) {
    const flag = flags[at]!;
    if (!Object.hasOwn(commandFlags, flag)) throw refused(`the option ${JSON.stringify(flag)} is not one that schedulers send`);
    const form = commandFlags[flag]!;
    if (form === null) continue;
    const value = flags[++at];
    if (value === undefined || !form.test(value)) throw refused(`the option ${flag} cannot be ${JSON.stringify(value ?? null)}`);
    if (flag === "--map-index") mapIndex = mapIndexOf(Number(value));
  }
  return { kind: "command", command: argument as readonly string[], dagId: dagId!, taskId: taskId!, runId: runId!, mapIndex };
}

function readText(argument: unknown): TaskWorkload {
  if (typeof argument !== "string") throw refused("expected a workload, as one text");
  let workload: unknown;
  try {
    workload = JSON.parse(argument);
  } catch {
    // What was wrong with it would show a piece of it.
    throw refused("the workload is not JSON");
  }
  if (!isObject(workload)) throw refused("the workload is not an object");
  const { type, ti } = workload;
  if (typeof type !== "string") throw refused("the workload has no type");
  const instance = isObject(ti) ? readInstance(ti) : null;
  if (type === "ExecuteTask" && instance === null) throw refused("the workload has no task instance");
  return { kind: "workload", text: argument, type, instance };
}

function readInstance(ti: Readonly<Record<string, unknown>>): TaskInstance {
  const text = (name: string): string => {
    const value = ti[name];
    if (typeof value === "string" && value !== "") return value;
    throw refused(`the workload's task instance has no ${name}`);
  };
  const { try_number: tryNumber, map_index: mapIndex } = ti;
  return {
    id: text("id"),
    dagId: text("dag_id"),
    taskId: text("task_id"),
    runId: text("run_id"),
    tryNumber: typeof tryNumber === "number" ? tryNumber : 1,
    mapIndex: typeof mapIndex === "number" ? mapIndexOf(mapIndex) : null,
  };
}

function mapIndexOf(written: number): number | null {
  return written < 0 ? null : written;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refused(reason: string): CeleriacError {
  return new CeleriacError("AIRFLOW_MESSAGE", `A message under a name of Airflow's does not come from a scheduler: ${reason}`);
}
