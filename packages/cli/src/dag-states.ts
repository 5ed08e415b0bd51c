/** How states of DAGs look to people: Airflow's words, in colours that say how it went. */
import type { InstanceState, RunState } from "@celeriac/airflow-bridge/dag";
import type { Output } from "./output.ts";

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
