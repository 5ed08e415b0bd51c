/** Makes a run of a DAG that somebody asked for: a command, a program, or a task of another DAG. */
import { CeleriacError, type Clock } from "@celeriac/core/runtime";
import type { RunAccess, SoughtRun } from "../model.ts";
import type { RunRecord } from "../records.ts";
import { type AskedDag, type AskedRun, manualRun } from "../runs/manual-run.ts";
import type { DagStore, RunTable } from "../store/store.ts";
import { requireDag } from "./require.ts";

/** The run waits until its DAG has room, and is not paused. Throws DAG_UNKNOWN, DAG_RUN_EXISTS. */
export async function triggerRun(store: DagStore, asked: AskedRun, now: number): Promise<RunRecord> {
  const run = manualRun(asked, now);
  const { dagId, runId } = run;
  const isAdded = await store.write(async ({ dags, runs }) => {
    requireDag(await dags.find(dagId), dagId);
    return await runs.add(run);
  });
  if (!isAdded) throw new CeleriacError("DAG_RUN_EXISTS", `DAG ${dagId} has a run ${JSON.stringify(runId)} already`);
  return run;
}

export interface RunAccessParts {
  readonly store: DagStore;
  readonly clock: Pick<Clock, "now">;
  /** Of a DAG whose code is elsewhere the run is about its logical date alone. */
  findDag(dagId: string): AskedDag | undefined;
}

/** Runs of DAGs, for tasks that trigger one and wait for it: any number of times, by different processes. */
export function createRunAccess({ store, clock, findDag }: RunAccessParts): RunAccess {
  return {
    async trigger({ dagId, runId, logicalDate, params }) {
      const dag = findDag(dagId) ?? { id: dagId };
      try {
        await triggerRun(store, { dag, runId, logicalDate: logicalDate ?? undefined, params }, clock.now());
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
