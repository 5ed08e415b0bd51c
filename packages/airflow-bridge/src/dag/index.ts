/** The door of the DAG executor: for those who write DAGs, and for the commands that run them. */
export type { Branch } from "./branch.ts";
export type { DagBuilder } from "./builder.ts";
export type { Connection } from "./connections/connection.ts";
export type { ConnectionReader } from "./connections/connection-reader.ts";
export { type Dag, dag } from "./dag.ts";
export type { CronExpression, DagOptions, SchedulePreset } from "./dag-options.ts";
export type { Handle, Node, OrHandle } from "./handle.ts";
export { type Each, each, zip } from "./mapping.ts";
export type { NodeOptions } from "./node-options.ts";
export type { EachArgs, HandleArgs, Operator } from "./operator.ts";
export type { SensorOptions } from "./operators/sensor.ts";
export type { TriggerOptions } from "./operators/trigger.ts";
export { dagsOf } from "./registry.ts";
export type { DagRun, TriggerRunOptions } from "./requested-run.ts";
export type { RunContext } from "./run-context.ts";
export type { FinishedState, InstanceState, RunState, RunType, TriggerRule, WeightRule } from "./states.ts";
export type { Trial, TrialInstance, TrialOptions } from "./trial.ts";
