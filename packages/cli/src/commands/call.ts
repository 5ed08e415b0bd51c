/** `celeriac call`: sends one task; prints its id, or waits and prints its result. */
import type { CallOptions } from "@celeriac/core";
import { CeleriacError, nearest, resultUrlOf, systemClock } from "@celeriac/core/runtime";
import { tracebackHint } from "../call-hint.ts";
import type { CommandArguments } from "../command-table.ts";
import { exitCode } from "../exit-code.ts";
import { isInEnvironment, isRpc, type LoadedApp, loadAppOrNone, refuseMemory } from "../load-app.ts";
import type { Output } from "../output.ts";
import { report } from "../task-report.ts";
import { readWord } from "../words.ts";

const silentMs = 1_500;

/** Resolves with the exit code. Throws PUBLISH_*, RESULT_TIMEOUT, CONFIG_*, MEMORY_OUT_OF_REACH, APP_NOT_FOUND, TASK_INPUT, TASK_NOT_REGISTERED. */
export async function call(args: CommandArguments<"call">, output: Output): Promise<number> {
  const { task } = args.positionals;
  const taskArgs = readArgs(args);
  const brokerKnown = args.common.broker !== null || isInEnvironment("CELERY_BROKER_URL");
  const loaded = await loadAppOrNone(args.common.app, process.cwd(), brokerKnown);
  try {
    const { settings } = loaded.runtime;
    refuseMemory(settings.brokerUrl, "no worker would ever see a task sent from here");
    if (args.options.wait) refuseMemory(resultUrlOf(settings), "no result would ever be found from here");
    if (loaded.source !== null && !args.options.any) await refuseUnknown(loaded, task);
    const result = await sayingSo(output, () => loaded.app.sendTask(task, taskArgs, callOptions(args.options)));
    if (!args.options.wait) {
      output.result(result.id, { id: result.id });
      return exitCode.done;
    }
    output.remark(`Sent as ${result.id}`);
    const outcome = await result.settled({ timeout: args.options.timeout ?? "60s" });
    return report({ id: result.id, outcome, whereHint: whereHint(loaded, args, result.id) }, output);
  } finally {
    await loaded.app.close();
  }
}

/** What a reply queue gave us it gives nobody again. */
function whereHint({ runtime }: LoadedApp, { common }: CommandArguments<"call">, id: string): string {
  return isRpc(runtime.settings) ? "The worker's log shows where." : tracebackHint(id, common);
}

/** A broker that does not answer is given some time, in which nobody should wonder. */
async function sayingSo<T>(output: Output, send: () => Promise<T>): Promise<T> {
  const timer = systemClock.after(silentMs, () => output.remark("The broker has not confirmed it yet; still trying."));
  try {
    return await send();
  } finally {
    timer.cancel();
  }
}

function readArgs({ positionals, options }: CommandArguments<"call">): readonly unknown[] {
  if (options.args === null) return positionals.args.map(readWord);
  if (positionals.args.length > 0) throw new CeleriacError("COMMAND_USAGE", "give the arguments either as ARGS or with --args");
  return options.args;
}

function callOptions(options: CommandArguments<"call">["options"]): CallOptions {
  return {
    kwargs: options.kwargs ?? undefined,
    countdown: options.countdown ?? undefined,
    eta: options.eta ?? undefined,
    expires: options.expires ?? undefined,
    queue: options.queue ?? undefined,
    exchange: options.exchange ?? undefined,
    routingKey: options.routingKey ?? undefined,
    serializer: options.serializer ?? undefined,
    compression: options.compression ?? undefined,
    priority: (options.priority ?? undefined) as CallOptions["priority"],
    taskId: options.id ?? undefined,
  };
}

/** Most names an app does not know are misspelt. Throws TASK_NOT_REGISTERED. */
async function refuseUnknown({ app, runtime, file }: LoadedApp, task: string): Promise<void> {
  if (runtime.registry.get(task) !== undefined) return;
  await runtime.loadIncludes();
  if (runtime.registry.get(task) !== undefined) return;
  const near = nearest(task, runtime.registry.runnable());
  const advice = near === null ? "--any sends it all the same" : `did you mean ${near}? (--any sends it all the same)`;
  throw new CeleriacError("TASK_NOT_REGISTERED", `app ${app.name} in ${file} has no task ${task}: ${advice}`);
}
