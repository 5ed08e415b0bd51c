/** The door of the worker. */

export type { AppSource, Execute } from "@celeriac/core/runtime";
export {
  nodeName,
  nodePath,
  type PoolName,
  type PoolPlan,
  type PoolShape,
  poolPlan,
  poolShape,
  type ResolvedOptions,
  type WorkerOptions,
  workerOptionTable,
} from "./options.ts";
export type { ExecutorStack, PoolStats } from "./pool.ts";
export type { InlineLife } from "./pools/inline-life.ts";
export type { Simulation } from "./simulation.ts";
export { stacksText } from "./stack-text.ts";
export { createWorker, type Worker, type WorkerStats, type WorkerSurroundings } from "./worker.ts";
