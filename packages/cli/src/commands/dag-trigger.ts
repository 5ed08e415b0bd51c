/** `celeriac dag trigger`: makes a run, and waits for it if it is told to. */
import type { RunRecord } from "@celeriac/airflow-bridge/dag-runtime";
import { durationMs, systemClock } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { type DagAccess, dagIn, withDags } from "../dag-access.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";

const lookEveryMs = 500;

/** Resolves with the exit code. Throws APP_NOT_FOUND, DAG_UNKNOWN, DAG_RUN_EXISTS, DAG_STORE_*, CONFIG_*. */
export async function dagTrigger({ common, positionals, options }: CommandArguments<"dag trigger">, output: Output): Promise<number> {
  const { triggerRun } = await import("@celeriac/airflow-bridge/dag-runtime");
  return await withDags(common, async (access) => {
    const { store, dags, runtime } = access;
    const dag = dagIn(dags, positionals.dag);
    const { runId, logicalDate, params, wait, timeout } = options;
    const asked = { dag, runId: runId ?? undefined, logicalDate: logicalDate?.getTime(), params: params ?? undefined };
    const run = await triggerRun(store, asked, runtime.clock.now());
    if (!wait) {
      output.result(`${run.runId}`, { dag: dag.id, run: run.runId, state: run.state });
      return exitCode.done;
    }
    output.remark(`Waiting for run ${run.runId}.`);
    const ended = await waitFor(access, run, timeout === null ? Number.POSITIVE_INFINITY : durationMs(timeout, "timeout"));
    output.result(`run ${ended.runId} ${ended.state}`, { dag: dag.id, run: ended.runId, state: ended.state });
    return ended.state === "success" ? exitCode.done : ended.state === "failed" ? exitCode.taskFailed : exitCode.notEnded;
  });
}

/** The run as it is when it has ended, or when the time is over. */
async function waitFor({ store }: DagAccess, run: RunRecord, timeoutMs: number): Promise<RunRecord> {
  const until = systemClock.monotonic() + timeoutMs;
  for (let now: RunRecord = run; ; now = (await store.read(({ runs }) => runs.find(run))) ?? now) {
    if (now.state === "success" || now.state === "failed" || systemClock.monotonic() >= until) return now;
    await systemClock.sleep(lookEveryMs);
  }
}
