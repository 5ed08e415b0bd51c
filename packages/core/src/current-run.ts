/** The run that the current code belongs to: what a task sends becomes its child. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Parentage } from "./compose.ts";
import type { TaskContext } from "./context.ts";
import type { ResultTuple } from "./result-meta.ts";

export interface CurrentRun {
  readonly context: TaskContext;
  /** results of the tasks sent so far */
  readonly children: ResultTuple[];
}

const storage = new AsyncLocalStorage<CurrentRun>();

export function currentRun(): CurrentRun | undefined {
  return storage.getStore();
}

export function currentRunId(): string | undefined {
  return storage.getStore()?.context.request.id;
}

/** What is sent now stands below it. */
export function parentageOf(run: CurrentRun | undefined): Parentage | null {
  if (run === undefined) return null;
  const { rootId, id, priority } = run.context.request;
  return { rootId, parentId: id, priority };
}

export function withRun<T>(run: CurrentRun, body: () => T): T {
  return storage.run(run, body);
}
