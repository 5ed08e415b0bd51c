/** What is known of a run: what `d.run(…)` stands for, and what every function of a DAG is told. Read from its record, for runner and trial alike. */
import type { RunKey } from "../definition/input.ts";
import type { DagModel } from "../model.ts";
import type { RunRecord } from "../records.ts";
import type { RunContext } from "../runner/run-context.ts";

export type RunFacts = Pick<RunContext, RunKey>;

export function runFacts(dag: Pick<DagModel, "params">, run: RunRecord): RunFacts {
  return Object.freeze({
    runId: run.runId,
    logicalDate: new Date(run.logicalDate),
    intervalStart: new Date(run.intervalStart),
    intervalEnd: new Date(run.intervalEnd),
    params: Object.freeze({ ...dag.params, ...run.params }),
  });
}
