/** Runs a task's function right here: what calling a task does. No queue, no retries, no limits. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { AppRuntime } from "./app-runtime.ts";
import type { TaskRequest } from "./context.ts";
import { CeleriacError } from "./errors.ts";
import { runCode } from "./registry.ts";
import { createContext } from "./task-context.ts";
import { fromWire } from "./task-input.ts";

/** Gives the function's value or throws what it throws. Throws TASK_NOT_REGISTERED, TASK_INPUT. */
export async function callHere<R>(runtime: AppRuntime, name: string, args: readonly unknown[]): Promise<R> {
  const definition = runtime.registry.get(name);
  if (definition === undefined || definition.code.kind === "declared")
    throw new CeleriacError("TASK_NOT_REGISTERED", `Task ${name} has no code in this process`);
  const bound = definition.input === null ? args : await fromWire(definition, { args, kwargs: {} });
  const { code } = definition;
  if (code.kind === "plain") return (await code.run(...bound)) as R;
  const parts = {
    request: localRequest(args),
    signal: new AbortController().signal,
    log: runtime.logger,
    deps: await runtime.deps.get(),
    onReplace: definition.options.onReplace,
    ended: false,
    updateState: async () => {},
    heartbeat() {},
    async addToChord(): Promise<never> {
      throw new CeleriacError("TASK_CONTEXT", "addToChord(): a task that is called in place is in no chord's header");
    },
    step: async (_name: string, body: () => unknown) => await body(),
  };
  try {
    return (await runCode(code, createContext(parts), bound)) as R;
  } finally {
    parts.ended = true;
  }
}

function localRequest(args: readonly unknown[]): TaskRequest {
  const id = randomUUID();
  return Object.freeze({
    id,
    rootId: id,
    parentId: null,
    group: null,
    groupIndex: null,
    retries: 0,
    redelivered: false,
    deliveryCount: null,
    eta: null,
    expires: null,
    isEager: true,
    origin: "",
    hostname: hostname(),
    queue: "",
    priority: null,
    headers: {},
    stamps: {},
    shadow: null,
    replyTo: null,
    softTimeLimitMs: null,
    timeLimitMs: null,
    args,
    kwargs: {},
  });
}
