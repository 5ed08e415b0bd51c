/** `celeriac dag clear` and `mark`: what becomes of tasks, and runs, by hand. */
import type { InstanceRecord } from "@celeriac/airflow-bridge/dag-runtime";
import { CeleriacError } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { dagIn, withDags } from "../dag-access.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { counted } from "../text.ts";

/** Resolves with the exit code. Throws APP_NOT_FOUND, DAG_UNKNOWN, DAG_RUN_UNKNOWN, DAG_TASK_UNKNOWN, DAG_STORE_*, CONFIG_*. */
export async function dagClear({ common, positionals, options }: CommandArguments<"dag clear">, output: Output): Promise<number> {
  const { clearInstances } = await import("@celeriac/airflow-bridge/dag-runtime");
  await withDags(common, async ({ store, dags, runtime }) => {
    const dag = dagIn(dags, positionals.dag);
    const request = { dagId: dag.id, runId: positionals.run, ...selectionOf(options), onlyFailed: options.onlyFailed };
    tell(await clearInstances(store, dag, request, runtime.clock.now()), "cleared", output);
  });
  return exitCode.done;
}

/** Resolves with the exit code. Throws COMMAND_USAGE, and as `dagClear`. */
export async function dagMark({ common, positionals, options }: CommandArguments<"dag mark">, output: Output): Promise<number> {
  const { markInstances, markRun } = await import("@celeriac/airflow-bridge/dag-runtime");
  const { state } = positionals;
  if (state !== "success" && state !== "failed" && state !== "skipped")
    throw new CeleriacError("COMMAND_USAGE", `dag mark cannot say ${JSON.stringify(state)}: expected success, failed or skipped`);
  await withDags(common, async ({ store, dags, runtime }) => {
    const dag = dagIn(dags, positionals.dag);
    const place = { dagId: dag.id, runId: positionals.run };
    const now = runtime.clock.now();
    if (options.tasks.length > 0) {
      tell(await markInstances(store, dag, { ...place, ...selectionOf(options), state }, now), `marked ${state}`, output);
      return;
    }
    if (state === "skipped")
      throw new CeleriacError("COMMAND_USAGE", "A run ends as success or failed: skipped is for tasks, which --tasks names");
    tell(await markRun(store, { ...place, state }, now), `changed, and the run is marked ${state}`, output);
  });
  return exitCode.done;
}

interface Selection {
  readonly tasks: readonly string[];
  readonly upstream: boolean;
  readonly downstream: boolean;
}

function selectionOf({ tasks, upstream, downstream }: Selection) {
  return { taskIds: tasks.length === 0 ? undefined : tasks, upstream, downstream };
}

function tell(changed: readonly InstanceRecord[], what: string, output: Output): void {
  const instances = changed.map(({ taskId, mapIndex, state }) => ({ task: taskId, mapIndex, before: state }));
  output.result(`${counted(changed.length, "task instance")} ${what}.`, { instances });
}
