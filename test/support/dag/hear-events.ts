/** Writes what an executor tells of tasks that write nothing themselves, as the scheduler does. */
import type { Executor, ExecutorEvent } from "../../../packages/airflow-bridge/src/dag/executor.ts";
import type { DagModel, Ending } from "../../../packages/airflow-bridge/src/dag/model.ts";
import type { DagStore } from "../../../packages/airflow-bridge/src/dag/store.ts";
import { beginTry } from "../../../packages/airflow-bridge/src/dag/try-begin.ts";
import { endTry, tryEndOf } from "../../../packages/airflow-bridge/src/dag/try-end.ts";

const rules = { now: 2, maxXcomBytes: 1_000 };

export async function hearEvents(executor: Executor, { store, dag }: { readonly store: DagStore; readonly dag: DagModel }): Promise<void> {
  for (const event of await executor.sync()) {
    const { instance } = event;
    const ending = endingOf(event);
    await store.write(async (tables) => {
      if (event.kind === "started") await beginTry(tables, instance, instance.externalId, { now: 1, hostname: event.hostname });
      const run = (await tables.runs.find(instance))!;
      if (ending !== null) await endTry(tables, instance, tryEndOf(ending, { instance, run }, dag.tasks.get(instance.taskId), rules));
    });
  }
}

function endingOf(event: ExecutorEvent): Ending | null {
  if (event.kind === "success") return { kind: "success", value: event.value };
  return event.kind === "failed" ? { kind: "failed", reason: event.reason, retryable: false } : null;
}
