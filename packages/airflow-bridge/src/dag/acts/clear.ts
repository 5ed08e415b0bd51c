/** Lets tasks of a run run again, with all their retries. What runs is stopped first; what it gave to others stays until its next try begins. */
import { noTry } from "../decision/first-instance.ts";
import { transition } from "../decision/machine.ts";
import type { InstanceRecord, RunPlace } from "../records.ts";
import type { DagStore, Tables } from "../store/store.ts";
import { lockRun, reopenRun } from "./require.ts";
import { type InstanceSelection, selectInstances, type TaskGraph } from "./select-instances.ts";

/** Gives what was cleared, as it stood. Throws DAG_RUN_UNKNOWN, DAG_TASK_UNKNOWN. */
export function clearInstances(
  store: DagStore,
  dag: TaskGraph,
  request: RunPlace & InstanceSelection,
  now: number,
): Promise<readonly InstanceRecord[]> {
  return store.write(async (tables) => {
    const run = await lockRun(tables, request, now);
    const selected = selectInstances(await tables.instances.ofRun(request), dag, request);
    await clearEach(tables, dag, selected);
    if (selected.length > 0) await reopenRun(tables, run, now);
    return selected;
  });
}

/** Within a transaction that has the run's lock. */
export async function clearEach(tables: Tables, dag: TaskGraph, instances: readonly InstanceRecord[]): Promise<void> {
  for (const instance of instances) {
    const { taskId, tryNumber } = instance;
    const maxTries = tryNumber + 1 + (dag.tasks.get(taskId)?.options.retries ?? 0);
    await change(tables, instance, maxTries);
  }
}

/** It may have gone on since it was read: a runner takes no lock of the run when it begins. */
async function change(tables: Tables, seen: InstanceRecord, maxTries: number): Promise<void> {
  for (let now: InstanceRecord | null = seen; now !== null; now = await tables.instances.find(seen)) {
    const state = transition(now.state, "clear");
    const fields = state === "restarting" ? { state, maxTries } : { ...noTry, state, maxTries };
    if (await tables.instances.change(now, { states: [now.state], tryNumber: now.tryNumber }, fields)) return;
  }
}
