/** Makes a run of a DAG that somebody asked for: a command, a program, or a task of another DAG. */
import { CeleriacError, type Clock } from "@celeriac/core/runtime";
import type { RunAccess, SoughtRun } from "../model.ts";
import type { RunRecord } from "../records.ts";
import { runIdOf } from "../run-id.ts";
import type { DagStore, RunTable } from "../store.ts";
import { requireDag } from "./require.ts";

export interface TriggerRequest {
  readonly dagId: string;
  /** "manual__<now>_<8 random letters>" unless told */
  readonly runId?: string | undefined;
  /** now, unless told */
  readonly logicalDate?: number | undefined;
  /** that its timetable gives for such a run; the logical date alone, where its code is not here */
  readonly interval?: { readonly start: number; readonly end: number } | undefined;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
}

/** The run waits until its DAG has room, and is not paused. Throws DAG_UNKNOWN, DAG_RUN_EXISTS. */
export async function triggerRun(store: DagStore, request: TriggerRequest, now: number): Promise<RunRecord> {
  const logicalDate = request.logicalDate ?? now;
  const { dagId, runId = runIdOf("manual", logicalDate), interval = { start: logicalDate, end: logicalDate }, params = {} } = request;
  const run: RunRecord = {
    ...{ dagId, runId, runType: "manual", state: "queued", params, backfillId: null },
    ...{ logicalDate, intervalStart: interval.start, intervalEnd: interval.end, runAfter: logicalDate },
    ...{ createdAt: now, startedAt: null, endedAt: null, lookAt: now },
  };
  const isAdded = await store.write(async ({ dags, runs }) => {
    requireDag(await dags.find(dagId), dagId);
    return await runs.add(run);
  });
  if (!isAdded) throw new CeleriacError("DAG_RUN_EXISTS", `DAG ${dagId} has a run ${JSON.stringify(runId)} already`);
  return run;
}

/** Runs of DAGs, for tasks that trigger one and wait for it: any number of times, by different processes. */
export function createRunAccess(store: DagStore, clock: Pick<Clock, "now">): RunAccess {
  return {
    async trigger({ logicalDate, ...run }) {
      try {
        await triggerRun(store, { ...run, logicalDate: logicalDate ?? undefined }, clock.now());
      } catch (error) {
        if (!CeleriacError.is(error) || error.code !== "DAG_RUN_EXISTS") throw error;
      }
    },
    find: (dagId, which) =>
      store.read(async ({ dags, runs }) => {
        const found = await findRun(runs, dagId, which);
        if (found === null) requireDag(await dags.find(dagId), dagId);
        return found;
      }),
  };
}

async function findRun(runs: RunTable, dagId: string, which: SoughtRun): Promise<RunRecord | null> {
  if ("runId" in which) return await runs.find({ dagId, runId: which.runId });
  const [newest] = await runs.list({ dagId, from: which.logicalDate, to: which.logicalDate, limit: 1 });
  return newest ?? null;
}
