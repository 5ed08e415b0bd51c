/** The pool of a worker: where its tasks run, and who is told of them. */
import { type AppRuntime, type AppSource, CeleriacError, type Logger, type LogLevel } from "@celeriac/core/runtime";
import type { TaskConsumer } from "./consumer.ts";
import { enterExecutor } from "./open-execute.ts";
import type { PoolShape } from "./options.ts";
import type { Pool } from "./pool.ts";
import { createExecutorPool } from "./pools/executor-pool.ts";
import type { OpenInline } from "./pools/inline-executor.ts";
import type { Simulation } from "./simulation.ts";

export interface WorkerPoolParts {
  readonly runtime: AppRuntime;
  readonly hostname: string;
  readonly shape: PoolShape;
  readonly tasks: Pick<TaskConsumer, "poolListener">;
  readonly logger: Logger;
  readonly logLevel: LogLevel;
  /** the module executors load the app from; undefined: the one that called createApp */
  readonly source: AppSource | undefined;
  readonly simulation: Simulation | undefined;
}

/** Throws APP_NOT_FOUND where executors would have no module to load the app from. */
export function createWorkerPool(parts: WorkerPoolParts): Pool {
  const { runtime, hostname, shape, tasks, logger, logLevel } = parts;
  return createExecutorPool({
    ...shape,
    ...homeOf(parts),
    clock: runtime.clock,
    logger,
    listener: {
      ...tasks.poolListener,
      log: (run, level, message, fields) =>
        logger[level](message, { ...(run === null ? {} : { task: run.task, taskId: run.id }), ...fields }),
    },
    worker: hostname,
    logLevel,
  });
}

/** Executors of their own load the app once more, inline they run with the one that is here. */
function homeOf({ runtime, hostname, shape: { kind }, source, simulation }: WorkerPoolParts) {
  if (simulation !== undefined) {
    const open: OpenInline = async (life) => simulation.stage(await enterExecutor(runtime, hostname), life);
    return { kind: "inline", simulates: true, executors: simulation.executors, slots: 1, scaledBy: "executors", open } as const;
  }
  if (kind === "inline") return { kind, open: () => enterExecutor(runtime, hostname) };
  if (source !== undefined) return { kind, source };
  if (runtime.module !== null) return { kind, source: { moduleUrl: runtime.module, appName: runtime.name } };
  throw new CeleriacError(
    "APP_NOT_FOUND",
    `It is not known which module made app ${JSON.stringify(runtime.name)}: give createWorker its \`source\``,
  );
}
