/** The task of the app under which the celery executor sends task instances: a worker of ours that loads the app's DAGs runs them, whichever process it is in. */
import type { App, TaskContext } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import type { InstancePlace } from "../records.ts";
import type { RunnerParts } from "../runner/runner.ts";

export const runTaskName = "celeriac.dag.run";

/** Its parameters on the wire. */
const params = ["dag_id", "run_id", "task_id", "map_index", "try_number"] as const;

export function runTaskKwargs(place: InstancePlace, tryNumber: number): Readonly<Record<(typeof params)[number], unknown>> {
  return { dag_id: place.dagId, run_id: place.runId, task_id: place.taskId, map_index: place.mapIndex, try_number: tryNumber };
}

/** Makes the app's workers run its DAGs. Harmless when repeated. */
// biome-ignore lint/suspicious/noExplicitAny: any app
export function registerRunTask(app: App<any>): void {
  const runtime = runtimeOf(app)!;
  let parts: Promise<RunnerParts> | null = null;
  let executors = 0;
  runtime.signals.workerProcessInit.connect(() => void executors++);
  // Of several in this process the last one closes hooks and store; a worker that starts later opens it anew.
  runtime.signals.workerProcessShutdown.connect(() => {
    if (--executors > 0) return;
    void parts?.then(({ hooks, store }) => hooks.close().then(() => store.close())).catch(() => {});
    parts = null;
  });
  const run = async (self: TaskContext, dagId: string, runId: string, taskId: string, mapIndex: number, _tryNumber: number) => {
    // Who only sends tasks loads nothing of what runs them.
    const { openRunner, runSent } = await import("./run-sent.ts");
    parts ??= openRunner(app, runtime);
    const opened = await parts.catch((error: unknown) => {
      parts = null;
      throw error;
    });
    return await runSent(self, { dagId, runId, taskId, mapIndex }, opened);
  };
  app.bound(runTaskName, { params, maxRetries: null }, run);
}
