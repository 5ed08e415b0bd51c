/** Celery's own tasks, which every worker knows under Celery's names: callers and canvases of either language send them. */
import type { AppRuntime } from "./app-runtime.ts";
import { resultExpiresMs } from "./config.ts";
import { RetrySignal, type TaskContext } from "./context.ts";
import { CeleriacError } from "./errors.ts";
import { celeryErrors, taskErrorOf } from "./failure.ts";
import { type BuiltInRun, runCode, type TaskDefinition } from "./registry.ts";
import { fromWire } from "./task-input.ts";

type Kwargs = Readonly<Record<string, unknown>>;

/** Makes them known to the app of a worker, or of whoever runs tasks. May be repeated. */
export function registerBuiltIns(runtime: AppRuntime): void {
  for (const definition of builtInTasks(runtime)) runtime.registry.addBuiltIn(definition);
}

/** Parameters and results are Celery's. */
function builtInTasks(runtime: AppRuntime): readonly TaskDefinition[] {
  const runs: Readonly<Record<string, BuiltInRun>> = {
    accumulate: (_self, args, { index = null }) => (index === null ? args : elementOf(args, index)),
    map: (self, args, kwargs) => each(runtime, self, readEach("map", args, kwargs), (item) => [item]),
    starmap: (self, args, kwargs) => each(runtime, self, readEach("starmap", args, kwargs), argumentsIn),
    backend_cleanup: () => cleanUp(runtime),
  };
  return Object.entries(runs).map(([name, run]) => ({
    ...{ name: `celery.${name}`, options: {}, input: null, module: null },
    code: { kind: "builtIn", run },
  }));
}

/** Our own results go by themselves. */
async function cleanUp(runtime: AppRuntime): Promise<void> {
  const expiresMs = resultExpiresMs(runtime.settings);
  if (expiresMs !== null) await (await runtime.links()).backend?.cleanUp?.(expiresMs);
}

/** As Python counts: from the end where it is negative. */
function elementOf(args: readonly unknown[], index: unknown): unknown {
  if (typeof index !== "number" || !Number.isInteger(index) || index >= args.length || index < -args.length)
    throw refusal("accumulate", `has ${args.length} arguments and none of index ${String(index)}`);
  return args.at(index);
}

interface Each {
  readonly task: string;
  readonly items: readonly unknown[];
}

/** `task` is a signature, of which only the name counts, as in Celery. */
function readEach(name: string, args: readonly unknown[], kwargs: Kwargs): Each {
  const [signature = kwargs["task"], items = kwargs["it"]] = args;
  const task = (signature as { readonly task?: unknown } | null | undefined)?.task;
  if (typeof task !== "string") throw refusal(name, "takes a signature as task");
  if (!Array.isArray(items)) throw refusal(name, "takes a list as it");
  return { task, items };
}

function argumentsIn(item: unknown): readonly unknown[] {
  if (!Array.isArray(item)) throw refusal("starmap", "takes a list of lists of arguments");
  return item;
}

/** Calls the task's function for one item after another, in this run. */
async function each(
  runtime: AppRuntime,
  self: TaskContext,
  { task, items }: Each,
  argsOf: (item: unknown) => readonly unknown[],
): Promise<readonly unknown[]> {
  const definition = runtime.registry.get(task);
  if (definition === undefined || definition.code.kind === "declared")
    throw taskErrorOf(self.request.id, task, celeryErrors.notRegistered(task));
  const results: unknown[] = [];
  for (const item of items) {
    const args = await fromWire(definition, { args: argsOf(item), kwargs: {} });
    results.push(await calledHere(() => runCode(definition.code, self, args)));
    // Between two items it hears that it is to end.
    self.heartbeat();
  }
  return results;
}

/** A function that was called by another has no run of its own to repeat: what it would retry for is its error. */
async function calledHere(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof RetrySignal ? (error.options.cause ?? new Error(error.message)) : error;
  }
}

function refusal(name: string, what: string): CeleriacError {
  return new CeleriacError("TASK_INPUT", `Task celery.${name} ${what}`);
}
