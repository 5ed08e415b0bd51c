/** `celeriac dag backfill`: makes the runs of a range of past dates. */
import type { BackfilledRun } from "@celeriac/airflow-bridge/dag-runtime";
import { CeleriacError } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { dagIn, instantText, withDags } from "../dag-access.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { table } from "../table.ts";
import { counted } from "../text.ts";

const columns = [{ title: "RUN" }, { title: "LOGICAL DATE" }, { title: "OUTCOME" }];

/** Resolves with the exit code. Throws COMMAND_USAGE, APP_NOT_FOUND, DAG_UNKNOWN, DAG_BACKFILL, DAG_STORE_*, CONFIG_*. */
export async function dagBackfill({ common, positionals, options }: CommandArguments<"dag backfill">, output: Output): Promise<number> {
  const { backfillDag, createTimetable } = await import("@celeriac/airflow-bridge/dag-runtime");
  const { from, to, maxActiveRuns, reprocess, reverse, params } = options;
  if (from === null) throw new CeleriacError("COMMAND_USAGE", "dag backfill needs --from, the first logical date");
  await withDags(common, async ({ store, dags, runtime }) => {
    const dag = dagIn(dags, positionals.dag);
    const now = runtime.clock.now();
    const request = {
      dagId: dag.id,
      from: from.getTime(),
      to: to?.getTime() ?? now,
      maxActiveRuns,
      reprocess,
      reverse,
      params: params ?? undefined,
    };
    const { backfillId, runs } = await backfillDag(store, { graph: dag, timetable: createTimetable(dag.schedule) }, request, now);
    if (output.json) return output.result("", { dag: dag.id, backfill: backfillId, runs: runs.map(runJson) });
    output.print(
      table(
        columns,
        runs.map(({ runId, logicalDate, outcome }) => [runId, instantText(logicalDate), outcome]),
        output,
      ),
    );
    output.remark(`\n${counted(runs.filter(({ outcome }) => outcome !== "left").length, "run")} to be run, ${maxActiveRuns} at a time.`);
  });
  return exitCode.done;
}

function runJson({ runId, logicalDate, outcome }: BackfilledRun): object {
  return { run: runId, logicalDate: instantText(logicalDate), outcome };
}
