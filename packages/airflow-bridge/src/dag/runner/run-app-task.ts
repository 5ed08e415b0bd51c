/** A task of the app as a node of a DAG, run in the process that runs the node: with its context, middleware and retries, and no broker. */
import { type AppRuntime, CeleriacError, createSender } from "@celeriac/core/runtime";

/** Throws TASK_NOT_REGISTERED for a task that is only declared, and what it failed with. */
export async function runAppTask(runtime: AppRuntime, task: string, args: readonly unknown[]): Promise<unknown> {
  const { code } = runtime.registry.get(task) ?? { code: { kind: "declared" } };
  if (code.kind === "declared")
    throw new CeleriacError(
      "TASK_NOT_REGISTERED",
      `Task ${task} is declared on the app, and its code is not here: run it with the celery executor, on a worker that has it`,
    );
  const outcome = await createSender(runtime).apply(() => ({ task, args, kwargs: {}, options: {}, callbacks: null, errbacks: null }));
  if (outcome.state === "SUCCESS") return outcome.value;
  throw outcome.error;
}
