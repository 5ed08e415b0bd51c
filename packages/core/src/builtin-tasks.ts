/** Celery's own tasks, which every worker knows under Celery's names: callers and canvases of either language send them. */
import type { AppRuntime } from "./app-runtime.ts";
import type { CompositeKind } from "./canvas/composite.ts";
import { chunksJson } from "./canvas/map.ts";
import { readSignature } from "./canvas/read-signature.ts";
import { unlockChord } from "./chord-unlock.ts";
import { resultExpiresMs } from "./config.ts";
import { RetrySignal, type TaskContext } from "./context.ts";
import { CeleriacError } from "./errors.ts";
import { celeryErrors, taskErrorOf } from "./failure.ts";
import { type BuiltInRun, runCode, type TaskDefinition } from "./registry.ts";
import type { SignatureJson } from "./step.ts";
import { fromWire } from "./task-input.ts";

type Kwargs = Readonly<Record<string, unknown>>;

/** Makes them known to the app of a worker, or of whoever runs tasks. May be repeated. */
export function registerBuiltIns(runtime: AppRuntime): void {
  for (const definition of builtInTasks(runtime)) runtime.registry.addBuiltIn(definition);
}

/** Those whose ending sends what their result does not tell. */
export const sendingTasks: ReadonlySet<string> = new Set(
  ["chunks", "chain", "group", "chord", "chord_unlock"].map((name) => `celery.${name}`),
);

const options: Readonly<Record<string, TaskDefinition["options"]>> = { chord_unlock: { ignoreResult: true, maxRetries: null } };

/** Parameters and results are Celery's. */
function builtInTasks(runtime: AppRuntime): readonly TaskDefinition[] {
  const runs: Readonly<Record<string, BuiltInRun>> = {
    accumulate: (_self, args, { index = null }) => (index === null ? args : elementOf(args, index)),
    map: (self, args, kwargs) => each(runtime, self, readEach("map", args, kwargs), (item) => [item]),
    starmap: (self, args, kwargs) => each(runtime, self, readEach("starmap", args, kwargs), argumentsIn),
    chunks: (_self, args, kwargs) => new SentAlong(chunksOf(args, kwargs)),
    chain: (_self, args, kwargs) => new SentAlong(signatureOf("chain", kwargs), args),
    group: (_self, args, { tasks = args[0], group_id: id = args[2], partial_args: given = args[3] }) =>
      new SentAlong(signatureOf("group", { tasks }, typeof id === "string" ? { task_id: id } : {}), listOf(given)),
    chord: (_self, args, { header = args[0], body = args[1], partial_args: given = args[2] }) =>
      new SentAlong(signatureOf("chord", { header, body }), listOf(given)),
    chord_unlock: (self, args, kwargs) => unlockChord(runtime, self, args, kwargs),
    backend_cleanup: () => cleanUp(runtime),
  };
  return Object.entries(runs).map(([name, run]) => ({
    ...{ name: `celery.${name}`, options: options[name] ?? {}, input: null, module: null },
    code: { kind: "builtIn", run },
  }));
}

/** In place of a value: a signature that is sent with the ending. The value is then Celery's tuple of where its result will be found. */
export class SentAlong {
  readonly signature: SignatureJson;
  /** in front of its own */
  readonly args: readonly unknown[];
  constructor(signature: SignatureJson, args: readonly unknown[] = []) {
    this.signature = signature;
    this.args = args;
  }
}

/** A composite that came as arguments. */
function signatureOf(kind: CompositeKind, kwargs: Kwargs, options: Kwargs = {}): SignatureJson {
  const signature = { task: `celery.${kind}`, args: [], kwargs, options, subtask_type: kind, immutable: false };
  return readSignature(signature, `celery.${kind}`, (what) => new CeleriacError("TASK_INPUT", what));
}

/** A group of starmaps of so many items each. */
function chunksOf(args: readonly unknown[], kwargs: Kwargs): SignatureJson {
  const { task, items } = readEach("chunks", args, kwargs);
  const size = args[2] ?? kwargs["n"];
  return chunksJson(task, items, size as number);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
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
