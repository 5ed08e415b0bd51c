/** Has what an executor tells written as a scheduler does, for tests that have none. */
import type { Executor } from "../../../packages/airflow-bridge/src/dag/executors/executor.ts";
import type { DagModel } from "../../../packages/airflow-bridge/src/dag/model.ts";
import { hearEvent } from "../../../packages/airflow-bridge/src/dag/scheduler/hear-event.ts";
import { scheduledDag } from "../../../packages/airflow-bridge/src/dag/scheduler/scheduled-dag.ts";
import type { DagStore } from "../../../packages/airflow-bridge/src/dag/store/store.ts";

export async function hearEvents(executor: Executor, { store, dag }: { readonly store: DagStore; readonly dag: DagModel }): Promise<void> {
  const view = { dags: new Map([[dag.id, scheduledDag(dag)]]), maxXcomBytes: 1_000, now: 2 };
  for (const event of await executor.sync()) await hearEvent(store, event, view);
}
