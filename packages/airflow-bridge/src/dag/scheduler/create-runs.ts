/** Makes the runs that are due, one of each DAG at a time: who missed many gets them round by round, as far as there is room. Step of a round. */
import { failpoint } from "../failpoint.ts";
import type { NextRun, RunRecord } from "../records.ts";
import { runIdOf } from "../runs/run-id.ts";
import type { DagStore } from "../store/store.ts";
import { nextRunOf, type ScheduledDags } from "./scheduled-dag.ts";

/** How many were made. They run at once: a DAG is due only while it has less active runs than it may. */
export async function createRuns(store: DagStore, dags: ScheduledDags, now: number, limit: number): Promise<number> {
  const created = await store.write(async (tables) => {
    const due = await tables.dags.takeDue(now, limit, [...dags.keys()]);
    failpoint("runs.taken");
    const made = due.map(({ dagId, nextRun }) => runOf(dagId, nextRun!, now));
    await tables.runs.addAll(made);
    if (made.length > 0) failpoint("runs.added");
    const nextOf = ({ dagId, intervalStart: start, intervalEnd: end }: RunRecord) => nextRunOf(dags.get(dagId)!, { start, end }, now);
    await tables.dags.setNextRuns(new Map(made.map((run) => [run.dagId, nextOf(run)])));
    return made.length;
  });
  if (created > 0) failpoint("runs.created");
  return created;
}

function runOf(dagId: string, next: NextRun, now: number): RunRecord {
  return {
    ...{ ...next, dagId, runId: runIdOf("scheduled", next.runAfter), runType: "scheduled", state: "running", params: {} },
    ...{ createdAt: now, startedAt: now, endedAt: null, lookAt: now, backfillId: null },
  };
}
