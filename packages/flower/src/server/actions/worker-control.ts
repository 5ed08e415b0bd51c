/** What one worker is told to do, and what it answers: its pool, its queues, the limits of its tasks, its end. */
import { type AppRuntime, askWorkers, callOf, partsOf, type RemoteCommandName, tellWorkers } from "@celeriac/core/runtime";

/** `error`: why the worker did not do it, or that it did not answer. */
export type WorkerAnswer = { readonly ok: string } | { readonly error: string };

export interface WorkerControl {
  grow(worker: string, n: number): Promise<WorkerAnswer>;
  shrink(worker: string, n: number): Promise<WorkerAnswer>;
  restartPool(worker: string): Promise<WorkerAnswer>;
  autoscale(worker: string, min: number, max: number): Promise<WorkerAnswer>;
  addConsumer(worker: string, queue: string): Promise<WorkerAnswer>;
  cancelConsumer(worker: string, queue: string): Promise<WorkerAnswer>;
  /** Seconds; null leaves a limit to the app. */
  timeLimit(worker: string, task: string, limits: { readonly soft: number | null; readonly hard: number | null }): Promise<WorkerAnswer>;
  /** As Celery writes it: "5/m", "0" is none. */
  rateLimit(worker: string, task: string, rate: string): Promise<WorkerAnswer>;
  /** It stops warmly; nobody answers that. */
  shutDown(worker: string): Promise<void>;
}

/** All reject with BROKER_* and PUBLISH_*. */
export function createWorkerControl(runtime: AppRuntime, timeoutMs: number): WorkerControl {
  async function ask(worker: string, method: RemoteCommandName, args: object): Promise<WorkerAnswer> {
    const call = callOf(method, args, { destination: worker });
    const [reply] = await askWorkers(await partsOf(runtime), call, { timeoutMs, limit: 1 });
    return reply === undefined ? { error: "Unknown reason" } : answerOf(reply.value);
  }

  return {
    grow: (worker, n) => ask(worker, "pool_grow", { n }),
    shrink: (worker, n) => ask(worker, "pool_shrink", { n }),
    restartPool: (worker) => ask(worker, "pool_restart", { reload: false }),
    autoscale: (worker, min, max) => ask(worker, "autoscale", { min, max }),
    addConsumer: (worker, queue) => ask(worker, "add_consumer", { queue }),
    cancelConsumer: (worker, queue) => ask(worker, "cancel_consumer", { queue }),
    timeLimit: (worker, task, { soft, hard }) => ask(worker, "time_limit", { task_name: task, soft, hard }),
    rateLimit: (worker, task, rate) => ask(worker, "rate_limit", { task_name: task, rate_limit: rate }),
    async shutDown(worker) {
      await tellWorkers(await partsOf(runtime), callOf("shutdown", {}, { destination: worker }));
    },
  };
}

/** Out of what a worker of either language sent. */
export function answerOf(value: unknown): WorkerAnswer {
  const { ok, error } = typeof value === "object" && value !== null ? (value as { ok?: unknown; error?: unknown }) : {};
  if (ok !== undefined) return { ok: textOf(ok) };
  return { error: error === undefined ? "Unknown reason" : textOf(error) };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
