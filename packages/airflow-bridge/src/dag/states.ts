/** The words of Airflow 3 for how task instances and runs stand, and for when a task may run. Ground of the DAG executor, imports nothing. */

/** `none`: nothing was decided yet; a row without state in Airflow. */
export const instanceStates = [
  "none",
  "scheduled",
  "queued",
  "running",
  "success",
  "failed",
  "restarting",
  "up_for_retry",
  "up_for_reschedule",
  "upstream_failed",
  "skipped",
  "removed",
  "deferred",
] as const;
export type InstanceState = (typeof instanceStates)[number];

export const finishedStates = ["success", "failed", "skipped", "upstream_failed", "removed"] as const satisfies readonly InstanceState[];
export type FinishedState = (typeof finishedStates)[number];

export function isFinished(state: InstanceState): state is FinishedState {
  return (finishedStates as readonly InstanceState[]).includes(state);
}

export const runStates = ["queued", "running", "success", "failed"] as const;
export type RunState = (typeof runStates)[number];

export const runTypes = ["scheduled", "manual", "backfill"] as const;
export type RunType = (typeof runTypes)[number];

export const triggerRules = [
  "all_success",
  "all_failed",
  "all_done",
  "all_done_min_one_success",
  "all_skipped",
  "one_success",
  "one_failed",
  "one_done",
  "none_failed",
  "none_failed_min_one_success",
  "none_skipped",
  "always",
  "all_done_setup_success",
] as const;
export type TriggerRule = (typeof triggerRules)[number];

export const weightRules = ["downstream", "upstream", "absolute"] as const;
export type WeightRule = (typeof weightRules)[number];
