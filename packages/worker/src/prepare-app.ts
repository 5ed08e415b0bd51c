/** What a worker does with its app before it opens anything: says which settings do nothing, loads what the app includes, refuses what it could never run. */
import { type AppRuntime, CeleriacError, type Logger, reasonOf, registerBuiltIns } from "@celeriac/core/runtime";
import { refuseHardLimits } from "./hard-limit.ts";
import type { PoolPlan, PoolShape } from "./options.ts";

export interface AppPreparation {
  readonly runtime: AppRuntime;
  readonly hostname: string;
  readonly plan: PoolPlan;
  readonly kind: PoolShape["kind"];
  /** see `Pool` */
  readonly endsRuns: boolean;
  readonly logger: Logger;
}

/** Throws WORKER_STARTUP where an included module cannot be loaded, LIMIT_NEEDS_EXECUTOR. */
export async function prepareApp({ runtime, hostname, plan, kind, endsRuns, logger }: AppPreparation): Promise<void> {
  runtime.tellUnusedSettings();
  if (kind !== "process") warnOfLifetime(plan, logger);
  await loadIncludes(runtime);
  registerBuiltIns(runtime);
  runtime.signals.send("workerInit", () => ({ hostname }));
  if (!endsRuns) refuseHardLimits(runtime);
}

function warnOfLifetime({ pool, lifetime: { tasks, memoryKb } }: PoolPlan, logger: Logger): void {
  if ((tasks ?? memoryKb) === null) return;
  logger.warn("setting has no effect", {
    setting: tasks === null ? "maxMemoryPerChild" : "maxTasksPerChild",
    reason: `the pool ${pool} has no child processes`,
  });
}

async function loadIncludes(runtime: AppRuntime): Promise<void> {
  try {
    await runtime.loadIncludes();
  } catch (cause) {
    if (CeleriacError.is(cause)) throw cause;
    throw new CeleriacError("WORKER_STARTUP", `A module that the app includes could not be loaded: ${reasonOf(cause)}`, { cause });
  }
}
