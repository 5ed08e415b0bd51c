/** The work that the current code belongs to: for what is called in a task without being handed its run. Operators enter it around each function of the author. */
import { AsyncLocalStorage } from "node:async_hooks";
import { CeleriacError } from "@celeriac/core/runtime";
import type { WorkContext } from "../model.ts";

const storage = new AsyncLocalStorage<WorkContext>();

export function withWork<T>(context: WorkContext, body: () => T): T {
  return storage.run(context, body);
}

/** Of the try that it is done for; undefined outside of tasks. */
export function currentSignal(): AbortSignal | undefined {
  return storage.getStore()?.signal;
}

/** `what` is as errors call it. Throws DAG_HOOK_OUTSIDE where no function of a DAG runs. */
export function currentWork(what: string): WorkContext {
  const context = storage.getStore();
  if (context !== undefined) return context;
  throw new CeleriacError("DAG_HOOK_OUTSIDE", `${what} was called outside of a task: it is for functions of a DAG, while they run`);
}
