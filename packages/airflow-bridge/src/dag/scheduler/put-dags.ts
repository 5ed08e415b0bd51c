/** Tells the store of the DAGs that this scheduler has the code of, and plans the first run of those whose schedule is new. Step 1 of a round, when something has changed. */
import { failpoint } from "../failpoint.ts";
import type { DagStore, Tables } from "../store.ts";
import { type DagShape, dagShape, isRescheduled } from "./dag-shape.ts";
import { nextRunOf, type ScheduledDag } from "./scheduled-dag.ts";

const atOnce = 50;

export async function putDags(store: DagStore, dags: readonly ScheduledDag[], now: number): Promise<void> {
  const sorted = dags.toSorted((a, b) => (a.model.id < b.model.id ? -1 : 1));
  for (let from = 0; from < sorted.length; from += atOnce) {
    await store.write(async (tables) => {
      for (const dag of sorted.slice(from, from + atOnce)) await putDag(tables, dag, now);
      failpoint("dags.put");
    });
  }
}

async function putDag({ dags, runs }: Tables, dag: ScheduledDag, now: number): Promise<void> {
  const { model, timetable, maxActiveRuns } = dag;
  const known = await dags.find(model.id);
  const shape = dagShape(model, timetable.text);
  await dags.put({ dagId: model.id, maxActiveRuns, shape: JSON.stringify(shape), seenAt: now });
  if (known !== null && !isRescheduled(JSON.parse(known.shape) as DagShape, shape)) return;
  const last = await runs.lastScheduled(model.id);
  const next = nextRunOf(dag, last === null ? null : { start: last.intervalStart, end: last.intervalEnd }, now);
  await dags.setNextRuns(new Map([[model.id, next]]));
}
