/** `celeriac dag clean`: forgets runs of DAGs that ended long ago. */
import { CeleriacError, durationMs } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { instantText, withDags } from "../dag-access.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";

/** Resolves with the exit code. Throws COMMAND_USAGE, APP_NOT_FOUND, DAG_STORE_*, CONFIG_*. */
export async function dagClean({ common, options: { keep } }: CommandArguments<"dag clean">, output: Output): Promise<number> {
  if (keep === null) throw new CeleriacError("COMMAND_USAGE", "dag clean needs --keep: what ended within that time stays, such as 90d");
  const { cleanRuns } = await import("@celeriac/airflow-bridge/dag-runtime");
  await withDags(common, async ({ store, runtime }) => {
    const before = runtime.clock.now() - durationMs(keep, "--keep");
    const removed = await cleanRuns(store, before);
    const ended = `ended before ${instantText(before)}`;
    const gone = removed === 1 ? `1 run that ${ended} is gone.` : `${removed} runs that ${ended} are gone.`;
    output.result(removed === 0 ? `No run ${ended} that could go.` : gone, { removed, endedBefore: instantText(before) });
  });
  return exitCode.done;
}
