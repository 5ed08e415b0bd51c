/** What the functions of a DAG are told of the run that they are called in. */
import type { Logger } from "@celeriac/core";

export interface RunContext {
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
}
