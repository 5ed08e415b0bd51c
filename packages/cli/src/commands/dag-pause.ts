/** `celeriac dag pause` and `unpause`: keeps DAGs from starting runs and tasks, or lets them go on. */
import { CeleriacError } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { withDags } from "../dag-access.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";

/** Resolves with the exit code. Throws COMMAND_USAGE, APP_NOT_FOUND, DAG_UNKNOWN, DAG_STORE_*, CONFIG_*. */
export async function dagPause(
  { common, positionals: { dags } }: CommandArguments<"dag pause">,
  output: Output,
  isPaused: boolean,
): Promise<number> {
  const { pauseDag } = await import("@celeriac/airflow-bridge/dag-runtime");
  if (dags.length === 0) throw new CeleriacError("COMMAND_USAGE", `dag ${isPaused ? "pause" : "unpause"} needs the id of a DAG`);
  await withDags(common, async ({ store }) => {
    for (const dag of dags) {
      await pauseDag(store, dag, isPaused);
      output.result(isPaused ? `${dag} is paused: what runs, ends.` : `${dag} is not paused any more.`, { dag, paused: isPaused });
    }
  });
  return exitCode.done;
}
