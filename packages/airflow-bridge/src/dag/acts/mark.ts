/** Says how tasks, or a whole run, ended, whatever they did. What runs is stopped; tasks that failed for their sake run after all. */
import { statesBefore, transition } from "../decision/machine.ts";
import type { InstanceRecord, RunPlace } from "../records.ts";
import { isFinished } from "../states.ts";
import type { DagStore, Tables } from "../store/store.ts";
import { clearEach } from "./clear.ts";
import { lockRun, reopenRun } from "./require.ts";
import { type InstanceSelection, reach, selectInstances, type TaskGraph } from "./select-instances.ts";

export type MarkedState = "success" | "failed" | "skipped";

/**
 * Marks them, and clears what stands behind them and is failed or upstream_failed, as Airflow does. Gives what was marked, as it stood. Throws
 * DAG_RUN_UNKNOWN, DAG_TASK_UNKNOWN.
 */
export function markInstances(
  store: DagStore,
  dag: TaskGraph,
  request: RunPlace & InstanceSelection & { readonly state: MarkedState },
  now: number,
): Promise<readonly InstanceRecord[]> {
  return store.write(async (tables) => {
    const run = await lockRun(tables, request, now);
    const all = await tables.instances.ofRun(request);
    const selected = selectInstances(all, dag, request).filter(({ state }) => state !== request.state);
    for (const instance of selected) await mark(tables, instance, request.state, now);
    const marked = new Set(selected.map(({ taskId }) => taskId));
    const behind = reach(marked, (taskId) => dag.tasks.get(taskId)?.downstream);
    const held = all.filter(({ taskId, state }) => behind.has(taskId) && !marked.has(taskId) && isFailed(state));
    await clearEach(tables, dag, held);
    if (selected.length > 0) await reopenRun(tables, run, now);
    return selected;
  });
}

/**
 * Ends the run. success: so have all its tasks. failed: what runs has failed, and what had not ended is skipped. Gives the instances that were
 * changed, as they stood. Throws DAG_RUN_UNKNOWN.
 */
export function markRun(
  store: DagStore,
  request: RunPlace & { readonly state: "success" | "failed" },
  now: number,
): Promise<readonly InstanceRecord[]> {
  return store.write(async (tables) => {
    const run = await lockRun(tables, request, now);
    const { state } = request;
    const all = await tables.instances.ofRun(request);
    const changed = all.filter((instance) => (state === "success" ? instance.state !== "success" : !isFinished(instance.state)));
    for (const instance of changed) await mark(tables, instance, state === "success" || isHeld(instance) ? state : "skipped", now);
    await tables.runs.set(run, { state, startedAt: run.startedAt ?? now, endedAt: now, lookAt: null });
    return changed;
  });
}

async function mark(tables: Tables, instance: InstanceRecord, state: MarkedState, now: number): Promise<void> {
  const event = `mark_${state}` as const;
  const fields = { state: transition(instance.state, event), endedAt: now, nextAt: null, reason: `marked ${state} by hand` };
  await tables.instances.change(instance, { states: statesBefore(event) }, fields);
}

/** Somebody works on it, or waits for it. */
function isHeld({ state }: InstanceRecord): boolean {
  return state === "running" || state === "restarting" || state === "deferred" || state === "up_for_reschedule";
}

function isFailed(state: InstanceRecord["state"]): boolean {
  return state === "failed" || state === "upstream_failed";
}
