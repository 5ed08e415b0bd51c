/** A DAG store in memory with a DAG, its runs and their task instances, as a scheduler and workers would have left them. */
import { createDagRuns } from "../../packages/airflow-bridge/src/dag/runs/dag-runs.ts";
import type { InstanceState, RunState } from "../../packages/airflow-bridge/src/dag/states.ts";
import { memoryStore } from "../../packages/airflow-bridge/src/dag/store/open-store.ts";
import { createSqliteStore } from "../../packages/airflow-bridge/src/dag/store/sqlite.ts";
import type { DagRuns } from "../../packages/core/src/dag-runs.ts";
import { instance, run } from "../conformance/dag-store/world.ts";
import { driverContext } from "./driver-context.ts";

const task = (id: string, upstream: readonly string[], operator = "function") => {
  return { id, group: null, operator, upstream, triggerRule: "all_success" };
};

export const etlTasks = [
  task("ready", [], "sensor"),
  task("extract", ["ready"]),
  task("load", ["extract"], "task"),
  task("check", ["extract"], "bash"),
  task("report", ["load", "check"]),
];

/** How each task went, and of `load` each of its three instances. */
const days: readonly (readonly [RunState, readonly InstanceState[]])[] = [
  ["success", ["success", "success", "success", "success", "success", "success", "success"]],
  ["failed", ["success", "success", "success", "failed", "success", "skipped", "upstream_failed"]],
  ["success", ["success", "success", "success", "success", "success", "success", "success"]],
  ["running", ["success", "success", "running", "up_for_retry", "queued", "deferred", "none"]],
];
const places: readonly (readonly [string, number])[] = [
  ["ready", -1],
  ["extract", -1],
  ["load", 0],
  ["load", 1],
  ["load", 2],
  ["check", -1],
  ["report", -1],
];

/** `lastDay`: since the epoch, of the run that is under way; `reason` of what failed. */
export async function filledDagRuns({ lastDay, reason }: { readonly lastDay: number; readonly reason: string }): Promise<DagRuns> {
  const store = createSqliteStore(memoryStore, { ...driverContext(), defaultPoolSlots: 128 });
  await store.write(async ({ dags, runs, instances, tries }) => {
    const shape = { schedule: "@daily", tags: ["weather"], tasks: etlTasks };
    await dags.putAll([{ dagId: "etl", maxActiveRuns: 4, shape: JSON.stringify(shape), seenAt: lastDay * 86_400_000 }]);
    await dags.putAll([{ dagId: "by/hand", maxActiveRuns: 4, shape: "{}", seenAt: 0 }]);
    await dags.setPaused("by/hand", true);
    for (const [at, [state, states]] of days.entries()) {
      const startedAt = (lastDay - days.length + 1 + at) * 86_400_000;
      const endedAt = state === "running" ? null : startedAt + 60_000 * (at + 2);
      const made = run("etl", startedAt / 86_400_000, { state, startedAt, endedAt, params: { password: "hunter2", city: "Oslo" } });
      await runs.add(made);
      for (const [index, [taskId, mapIndex]] of places.entries()) {
        const its = { state: states[index]!, mapIndex, tryNumber: 2, maxTries: 3, hostname: "box", startedAt, endedAt };
        await instances.addAll([instance(made, taskId, { ...its, reason: its.state === "failed" ? reason : null })]);
        const place = { dagId: "etl", runId: made.runId, taskId, mapIndex };
        if (its.state === "failed")
          await tries.add({ ...place, tryNumber: 1, state: "failed", hostname: "box", startedAt, endedAt: startedAt + 1_500, reason });
      }
    }
  });
  return { isThere: () => true, ...createDagRuns(store) };
}
