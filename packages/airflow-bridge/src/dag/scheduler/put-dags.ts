/** Tells the store of the DAGs that this scheduler has the code of, and plans the first run of those whose schedule is new. Step 1 of a round, when something has changed. */
import { failpoint } from "../failpoint.ts";
import type { DagStore, Tables } from "../store/store.ts";
import { type DagShape, dagShape, isRescheduled } from "./dag-shape.ts";
import { nextRunOf, type ScheduledDag } from "./scheduled-dag.ts";

const atOnce = 500;

export async function putDags(store: DagStore, dags: readonly ScheduledDag[], now: number): Promise<void> {
  const sorted = dags.toSorted((a, b) => (a.model.id < b.model.id ? -1 : 1));
  for (let from = 0; from < sorted.length; from += atOnce) {
    await store.write(async (tables) => {
      await putSome(tables, sorted.slice(from, from + atOnce), now);
      failpoint("dags.put");
    });
  }
}

async function putSome({ dags, runs }: Tables, some: readonly ScheduledDag[], now: number): Promise<void> {
  const known = new Map((await dags.findAll(some.map(({ model }) => model.id))).map(({ dagId, shape }) => [dagId, shape]));
  const shaped = some.map((dag) => ({ dag, dagId: dag.model.id, shape: dagShape(dag.model, dag.timetable.text) }));
  await dags.putAll(
    shaped.map(({ dag: { maxActiveRuns }, dagId, shape }) => ({ dagId, maxActiveRuns, shape: JSON.stringify(shape), seenAt: now })),
  );
  const rescheduled = shaped.filter(({ dagId, shape }) => {
    const before = known.get(dagId);
    return before === undefined || isRescheduled(JSON.parse(before) as DagShape, shape);
  });
  const last = await runs.lastScheduled(rescheduled.map(({ dagId }) => dagId));
  const intervals = new Map(last.map(({ dagId, intervalStart: start, intervalEnd: end }) => [dagId, { start, end }]));
  await dags.setNextRuns(new Map(rescheduled.map(({ dag, dagId }) => [dagId, nextRunOf(dag, intervals.get(dagId) ?? null, now)])));
}
