/** Makes the runs that are due, one of each DAG at a time: who missed many gets them round by round, as far as there is room. Step of a round. */
import { failpoint } from "../failpoint.ts";
import { runIdOf } from "../run-id.ts";
import type { DagStore } from "../store.ts";
import { nextRunOf, type ScheduledDags } from "./scheduled-dag.ts";

/** How many were made. They run at once: a DAG is due only while it has less active runs than it may. */
export async function createRuns(store: DagStore, dags: ScheduledDags, now: number, limit: number): Promise<number> {
  const created = await store.write(async (tables) => {
    const due = await tables.dags.takeDue(now, limit, [...dags.keys()]);
    failpoint("runs.taken");
    for (const { dagId, nextRun } of due) {
      const { runAfter, intervalStart, intervalEnd } = nextRun!;
      await tables.runs.add({
        ...nextRun!,
        dagId,
        runId: runIdOf("scheduled", runAfter),
        runType: "scheduled",
        state: "running",
        params: {},
        createdAt: now,
        startedAt: now,
        endedAt: null,
        lookAt: now,
        backfillId: null,
      });
      failpoint("runs.added");
      await tables.dags.setNextRun(dagId, nextRunOf(dags.get(dagId)!, { start: intervalStart, end: intervalEnd }, now));
    }
    return due.length;
  });
  if (created > 0) failpoint("runs.created");
  return created;
}
