/** What the functions of a DAG are told of the run that they are called in. */
import type { Logger } from "@celeriac/core";
import type { ConnectionReader } from "../connections/connection-reader.ts";

export interface RunContext extends ConnectionReader {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  /** of a mapped task: which of its instances; else -1 */
  readonly mapIndex: number;
  /** 1, 2, … */
  readonly tryNumber: number;
  readonly logicalDate: Date;
  readonly intervalStart: Date;
  readonly intervalEnd: Date;
  /** the DAG's own, under those that the run was triggered with */
  readonly params: Readonly<Record<string, unknown>>;
  /** aborted when its time is over, when somebody cleared or marked it, and at a stop */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /**
   * Write `throw run.skip()`: it throws by itself, the `throw` is for the reader and for control-flow analysis. The task is skipped, as by Airflow's
   * AirflowSkipException.
   */
  skip(reason?: string): never;
  /** Write `throw run.fail(reason)`. The task has failed, without the tries that are left, as by Airflow's AirflowFailException. */
  fail(reason: string): never;
}
