/** Tasks and queues that stand still in all workers, for `app.control` and the command. No worker is asked: the broker keeps it, and workers look there. */
import type { AppRuntime } from "../app-runtime.ts";
import { CeleriacError } from "../errors.ts";
import type { AnyTask } from "../task.ts";

/** What is to be paused or resumed: at least one of the two. */
export interface PauseTargets {
  /** tasks, or their names */
  readonly task?: AnyTask | string | readonly (AnyTask | string)[] | undefined;
  readonly queue?: string | readonly string[] | undefined;
}

/** Sorted by name. */
export interface Paused {
  readonly tasks: readonly string[];
  readonly queues: readonly string[];
}

/** Throws CONTROL_ARGUMENTS, BROKER_*. */
export async function setPaused(runtime: AppRuntime, { task = [], queue = [] }: PauseTargets, isPaused: boolean): Promise<void> {
  const tasks = new Set([task].flat().map((each) => (typeof each === "string" ? each : each.name)));
  const queues = new Set([queue].flat());
  if (tasks.size + queues.size === 0)
    throw new CeleriacError("CONTROL_ARGUMENTS", `${isPaused ? "pause" : "resume"} takes {task}, {queue} or both, got neither`);
  refuseBroadcasts(runtime, queues);
  const { broker } = await runtime.links();
  await broker.connect();
  for (const name of tasks) await (isPaused ? broker.pausedTasks.pause(name) : broker.pausedTasks.resume(name));
  for (const name of queues) await (isPaused ? broker.queues.pause(name) : broker.queues.resume(name));
}

/** Throws CONTROL_ARGUMENTS. */
function refuseBroadcasts({ queues: table }: AppRuntime, queues: Iterable<string>): void {
  for (const name of queues)
    if (table.declaration(name).kind === "broadcast")
      throw new CeleriacError("CONTROL_ARGUMENTS", `${name} is a broadcast and cannot be paused: no queue holds what is sent to it`);
}

/** Of the tasks and queues that the app names, and the queues that the broker lists: RabbitMQ tells of a name whether it is paused, but not which are. */
export async function findPaused(runtime: AppRuntime): Promise<Paused> {
  const { broker } = await runtime.links();
  await broker.connect();
  await runtime.loadIncludes();
  const [tasks, queues] = await Promise.all([
    broker.pausedTasks.paused(runtime.registry.runnable()),
    broker.queues.paused([...new Set([...runtime.queues.names, ...((await broker.queues.list()) ?? [])])]),
  ]);
  return { tasks: [...tasks].sort(), queues: [...queues].sort() };
}
