/** How task instances of DAGs look to people: their names, and their states in Airflow's words and colours that say how it went. */
import type { InstanceState, RunState } from "@celeriac/airflow-bridge/dag";
import type { InstanceRecord } from "@celeriac/airflow-bridge/dag-runtime";
import type { Output } from "./output.ts";

/** "load[2]" of a mapped task. */
export function instanceName({ taskId, mapIndex }: Pick<InstanceRecord, "taskId" | "mapIndex">): string {
  return mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
}

export function stateText(state: InstanceState | RunState, { colors }: Pick<Output, "colors">): string {
  switch (state) {
    case "success":
      return colors.green(state);
    case "failed":
    case "upstream_failed":
      return colors.red(state);
    case "up_for_retry":
    case "restarting":
      return colors.yellow(state);
    case "running":
      return colors.cyan(state);
    case "none":
    case "skipped":
    case "removed":
      return colors.dim(state);
    case "scheduled":
    case "queued":
    case "up_for_reschedule":
    case "deferred":
      return state;
  }
}
