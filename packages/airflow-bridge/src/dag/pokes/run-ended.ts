/** A poke that waits for a run of another DAG: Airflow's ExternalTaskSensor for a whole run, by its id or its date. */
import { CeleriacError, checkOptions, isDate, isText, type OptionCheck, shownValue } from "@celeriac/core/runtime";
import type { SoughtRun } from "../model.ts";
import { currentWork } from "../runner/current-work.ts";
import type { RunContext } from "../runner/run-context.ts";

export interface RunEndedOptions {
  /** Which run. Without it, and without `logicalDate`: that of the same logical date. */
  runId?: string | ((run: RunContext) => string);
  /** That of this date, of several the newest. */
  logicalDate?: Date | ((run: RunContext) => Date);
  /** how it may have ended; ["success"] */
  states?: readonly ("success" | "failed")[];
}

const checks: Readonly<Record<keyof RunEndedOptions, OptionCheck>> = {
  runId: (value) => isText(value) || typeof value === "function",
  logicalDate: (value) => isDate(value) || typeof value === "function",
  states: (value) => Array.isArray(value) && value.length > 0 && value.every((state) => state === "success" || state === "failed"),
};

/**
 * Waits until the run has ended, and gives its id. One that ended otherwise than `states` say fails the sensor for good. In `dag.test()` there are the
 * runs that this DAG has triggered. Throws CONFIG_UNKNOWN, DAG_DEFINITION; its look throws DAG_UNKNOWN for a DAG that no scheduler has seen.
 */
export function runEnded(
  dag: { readonly id: string } | string,
  options: RunEndedOptions = {},
): (run: RunContext) => Promise<string | false> {
  const dagId = typeof dag === "string" ? dag : dag?.id;
  if (!isText(dagId)) throw refused("runEnded()", `expected a DAG or its id, got ${shownValue(dag)}`);
  const what = `runEnded() of the DAG ${dagId}`;
  checkOptions(what, checks, options, (name, value) => refused(what, `option ${name} cannot be ${shownValue(value)}`));
  if (options.runId !== undefined && options.logicalDate !== undefined) throw refused(what, "runId and logicalDate name a run each");
  const { states = ["success"] } = options;
  return async (run) => {
    const found = await currentWork(what).runs.find(dagId, soughtIn(run, options, what));
    if (found === null || found.state === "queued" || found.state === "running") return false;
    if (states.includes(found.state)) return found.runId;
    throw run.fail(`DAG_RUN_FAILED: the run ${found.runId} of the DAG ${dagId} has ended as ${found.state}`);
  };
}

function soughtIn(run: RunContext, { runId, logicalDate = run.logicalDate }: RunEndedOptions, what: string): SoughtRun {
  if (runId !== undefined) {
    const id: unknown = typeof runId === "function" ? runId(run) : runId;
    if (isText(id)) return { runId: id as string };
    throw refused(what, `runId gave ${shownValue(id)}`);
  }
  const date: unknown = typeof logicalDate === "function" ? logicalDate(run) : logicalDate;
  if (isDate(date) && !Number.isNaN((date as Date).getTime())) return { logicalDate: (date as Date).getTime() };
  throw refused(what, `logicalDate gave ${shownValue(date)}`);
}

function refused(what: string, why: string): CeleriacError {
  return new CeleriacError("DAG_DEFINITION", `${what}: ${why}`);
}
