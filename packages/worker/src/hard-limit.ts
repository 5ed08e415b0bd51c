/** Hard time limits where no executor can be ended for them: such tasks are refused, before the worker starts where they are known, else one by one. */
import { type AppRuntime, CeleriacError, type Duration, durationMs, type Settings, type TaskDefinition } from "@celeriac/core/runtime";

/** ms; of a task unless its call says otherwise. null = none; 0 is none too, as in Celery. */
export function hardLimitMs(definition: TaskDefinition | undefined, settings: Settings): number | null {
  return limitMs(definition?.options.timeLimit ?? settings.taskTimeLimit);
}

export function limitMs(limit: Duration | null): number | null {
  return limit === null ? null : durationMs(limit, "time limit") || null;
}

/** Throws LIMIT_NEEDS_EXECUTOR when a task of the app can never run in a pool that ends no run. */
export function refuseHardLimits({ registry, settings }: AppRuntime): void {
  const limited = registry.runnable().filter((name) => hardLimitMs(registry.get(name), settings) !== null);
  if (limited.length > 0) throw needsExecutor(`${limited.length === 1 ? "the task" : "the tasks"} ${limited.join(", ")}`);
}

export function needsExecutor(whose: string): CeleriacError {
  return new CeleriacError(
    "LIMIT_NEEDS_EXECUTOR",
    `The pool inline runs tasks in the worker's own thread and can end none, so it does not take the hard time limit of ${whose}: take another pool, or softTimeLimit`,
  );
}
