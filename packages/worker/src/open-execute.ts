/** What an executor loads first: the user's app, and the Execute that runs its tasks. */
import {
  type AppRuntime,
  type AppSource,
  createExecute,
  findApp,
  type Logger,
  loadModule,
  logLevels,
  redact,
} from "@celeriac/core/runtime";
import type { ExecutorContext, OpenedExecute } from "./pools/executor-init.ts";

/** Throws APP_NOT_FOUND, and whatever the user's modules or `deps` throw. */
export async function openExecute(source: AppSource, context: ExecutorContext): Promise<OpenedExecute> {
  const { runtime } = findApp(await loadModule(new URL(source.moduleUrl)), source);
  runtime.enterExecutor();
  runtime.setLogger(printingLogger(context));
  const execute = await enterExecutor(runtime, context.worker);
  const { close: leave } = execute;
  const close = async () => {
    await leave?.();
    await runtime.close();
  };
  return Object.assign(execute, { close });
}

/** What runs the app's tasks in this process or thread, which says that it begins and ends. `hostname`: the worker's node name */
export async function enterExecutor(runtime: AppRuntime, hostname: string): Promise<OpenedExecute> {
  const event = () => ({ hostname, pid: process.pid });
  // They may hold listeners.
  await runtime.loadIncludes();
  runtime.signals.send("workerProcessInit", event);
  const execute = await createExecute(runtime, hostname);
  return Object.assign(execute, { close: async () => runtime.signals.send("workerProcessShutdown", event) });
}

/** What the app's own machinery says in here goes the way of the user's output, to the worker's log. */
function printingLogger({ logLevel }: ExecutorContext): Logger {
  const lowest = logLevels.indexOf(logLevel);
  const line = (level: keyof Logger) => (message: string, fields?: object) => {
    if (logLevels.indexOf(level) >= lowest) console.error(fields === undefined ? message : `${message} ${JSON.stringify(redact(fields))}`);
  };
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}
