/** `celeriac control pause` and `resume`: tasks and queues that stand still in the whole fleet. No worker is asked: the broker keeps it, and workers look there. */
import { CeleriacError, findPaused } from "@celeriac/core/runtime";
import { type BrokerAccess, withBroker } from "./broker-access.ts";
import type { CommandArguments } from "./command-table.ts";
import { exitCode } from "./exit-code.ts";
import type { Output } from "./output.ts";
import { table } from "./table.ts";

export type PausingAction = "pause" | "resume";

export function isPausingAction(command: string | null): command is PausingAction {
  return command === "pause" || command === "resume";
}

/** Resolves with the exit code. Throws COMMAND_USAGE, BROKER_*, CONFIG_*, APP_NOT_FOUND. */
export async function pausing(action: PausingAction, { common, positionals, options }: CommandArguments<"control">, output: Output) {
  const { task: tasks, queue: queues, destination, pattern } = options;
  if (positionals.args.length > 0) throw new CeleriacError("COMMAND_USAGE", `${action} takes --task ${positionals.args[0]}, or --queue`);
  if (destination.length > 0 || pattern !== null)
    throw new CeleriacError("COMMAND_USAGE", `${action} is for all workers of the broker: -d and -p do not go with it`);
  if (action === "resume" && tasks.length + queues.length === 0)
    throw new CeleriacError("COMMAND_USAGE", "resume needs --task NAME or --queue NAME");
  return await withBroker(common, async (access) => {
    await access.runtime.loadIncludes();
    if (tasks.length + queues.length === 0) await listPaused(access, output);
    await setTasksPaused(access, tasks, output, action === "pause");
    await setQueuesPaused(access, queues, output, action === "pause");
    return exitCode.done;
  });
}

async function setTasksPaused({ broker, runtime }: BrokerAccess, names: readonly string[], output: Output, paused: boolean): Promise<void> {
  for (const name of new Set(names)) {
    if (runtime.registry.get(name) === undefined) output.remark(`No task ${name} is known here.`);
    await (paused ? broker.pausedTasks.pause(name) : broker.pausedTasks.resume(name));
    const text = paused ? `${name} is paused: no worker of ours begins it until it is resumed.` : `${name} is not paused any more.`;
    output.result(text, { task: name, paused });
  }
}

export async function setQueuesPaused(
  { broker, runtime }: BrokerAccess,
  queues: readonly string[],
  output: Output,
  paused: boolean,
): Promise<void> {
  const names = [...new Set(queues)];
  const broadcast = names.find((name) => runtime.queues.declaration(name).kind === "broadcast");
  if (broadcast !== undefined) throw new CeleriacError("COMMAND_USAGE", `${broadcast} is a broadcast: no queue holds what is sent to it`);
  const known = names.length === 0 ? null : await broker.queues.list();
  for (const name of names) {
    if (known !== null && !known.includes(name) && !runtime.queues.names.includes(name))
      output.remark(`Nothing was ever sent to a queue ${name}.`);
    await (paused ? broker.queues.pause(name) : broker.queues.resume(name));
    const text = paused ? `${name} is paused: workers take nothing out of it until it is resumed.` : `${name} is not paused any more.`;
    output.result(text, { queue: name, paused });
  }
}

async function listPaused({ runtime }: BrokerAccess, output: Output): Promise<void> {
  const { tasks, queues } = await findPaused(runtime);
  if (output.json) return output.result("", { tasks, queues });
  if (tasks.length + queues.length === 0) return output.remark("Nothing is paused.");
  const rows = [...tasks.map((name) => ["task", name]), ...queues.map((name) => ["queue", name])];
  output.print(table([{ title: "PAUSED" }, { title: "NAME" }], rows, output));
}
