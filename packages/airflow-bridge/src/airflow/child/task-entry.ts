/**
 * Where the process of a task starts. With --list=FD it loads the modules, writes to that file descriptor which tasks they register, and ends; else it speaks
 * with the supervisor at --comm and --logs, runs the task that it is told, and ends.
 */
import { writeSync } from "node:fs";
import { reasonOf, systemClock } from "@celeriac/core/runtime";
import { loadTasks } from "../tasks/load-tasks.ts";
import { registeredTasks } from "../tasks/register-task.ts";
import { connectTo } from "./connect.ts";
import { openLogChannel } from "./log-channel.ts";
import { runTask } from "./run-task.ts";
import { SupervisorChannel } from "./supervisor-channel.ts";

/** After its supervisor is gone a task can tell nobody how it ends: it may clean up for so long. */
const orphanMs = 5_000;

const options = (name: string) => process.argv.filter((word) => word.startsWith(`--${name}=`)).map((word) => word.slice(name.length + 3));
const modules = options("module");
const [list] = options("list");
process.exit(list === undefined ? await run(options("comm")[0] ?? "", options("logs")[0] ?? "") : await tellTasks(Number(list)));

async function tellTasks(fd: number): Promise<number> {
  try {
    await loadTasks(modules);
    writeSync(fd, JSON.stringify({ tasks: registeredTasks().map(({ dagId, taskId, timeoutMs }) => ({ dagId, taskId, timeoutMs })) }));
    return 0;
  } catch (error) {
    writeSync(fd, JSON.stringify({ error: reasonOf(error) }));
    return 1;
  }
}

async function run(comm: string, logs: string): Promise<number> {
  const ending = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.on(signal, () => ending.abort(new Error(`The task is to end: its process got ${signal}`)));
  const log = openLogChannel(await connectTo(logs), process.env["AIRFLOW__LOGGING__LOGGING_LEVEL"] ?? "INFO", systemClock);
  const channel = new SupervisorChannel(await connectTo(comm));
  channel.closed.addEventListener("abort", () => {
    ending.abort(new Error("The supervisor of this task is gone"));
    systemClock.after(orphanMs, () => process.exit(1), { background: true });
  });
  const load = () => loadTasks(modules);
  const end = await runTask(await channel.startup(), { channel, log, clock: systemClock, load, signal: ending.signal });
  const { error } = await channel.ask(end);
  if (error !== null) log.error("How the task ended could not be told", { detail: error["detail"] });
  await log.close();
  return 0;
}
