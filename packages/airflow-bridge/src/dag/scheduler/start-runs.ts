/** Starts runs that somebody asked for, by hand or by a backfill, as far as their DAG or backfill has room. Step of a round. */
import { failpoint } from "../failpoint.ts";
import type { ActiveRuns, DagStore, Tables } from "../store/store.ts";
import type { ScheduledDags } from "./scheduled-dag.ts";

const atOnce = 50;

/** How many were started. */
export async function startRuns(store: DagStore, dags: ScheduledDags, now: number): Promise<number> {
  const active = await store.read((tables) => tables.runs.countActive());
  const waiting = new Set(active.filter(({ queued, dagId }) => queued > 0 && dags.has(dagId)).map(({ dagId }) => dagId));
  const dagIds = [...waiting].toSorted();
  let started = 0;
  for (let from = 0; from < dagIds.length; from += atOnce) {
    started += await store.write((tables) => startSome(tables, new Set(dagIds.slice(from, from + atOnce)), now));
  }
  if (started > 0) failpoint("runs.started");
  return started;
}

async function startSome(tables: Tables, dagIds: ReadonlySet<string>, now: number): Promise<number> {
  const mostRuns = new Map<string, number>();
  for (const dagId of dagIds) {
    const dag = await tables.dags.take(dagId);
    if (dag !== null && !dag.isPaused) mostRuns.set(dagId, dag.maxActiveRuns);
  }
  let started = 0;
  // Counted under the locks: nobody else starts one of theirs now.
  for (const counted of mostRuns.size === 0 ? [] : await tables.runs.countActive()) {
    const most = mostRuns.get(counted.dagId);
    if (most === undefined || counted.queued === 0) continue;
    const room = (await limitOf(tables, counted, most)) - counted.running;
    if (room <= 0) continue;
    for (const run of await tables.runs.takeQueued(counted.dagId, counted.backfillId, room)) {
      await tables.runs.set(run, { state: "running", startedAt: now, lookAt: now });
      started += 1;
    }
  }
  return started;
}

async function limitOf({ backfills }: Tables, { backfillId }: ActiveRuns, ofDag: number): Promise<number> {
  return backfillId === null ? ofDag : ((await backfills.find(backfillId))?.maxActiveRuns ?? ofDag);
}
