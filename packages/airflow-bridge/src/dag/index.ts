/** The door of the DAG executor: for those who write DAGs, and for the commands that run them. */
export type { FinishedState, InstanceState, RunState, RunType, TriggerRule, WeightRule } from "./states.ts";
