/** What an act is about has to be there. */
import { CeleriacError } from "@celeriac/core/runtime";
import type { RunPlace, RunRecord } from "../records.ts";
import type { Tables } from "../store/store.ts";

/** Throws DAG_UNKNOWN for what was not found. */
export function requireDag<T>(found: T | null, dagId: string): T {
  if (found !== null) return found;
  throw new CeleriacError(
    "DAG_UNKNOWN",
    `There is no DAG ${JSON.stringify(dagId)} here: a scheduler that has its code writes it down when it starts`,
  );
}

/** The run, locked until the transaction ends, and looked at by the scheduler when that is over. Throws DAG_RUN_UNKNOWN. */
export async function lockRun({ runs }: Tables, place: RunPlace, now: number): Promise<RunRecord> {
  await runs.wake(place, now);
  const found = await runs.find(place);
  if (found !== null) return found;
  throw new CeleriacError("DAG_RUN_UNKNOWN", `DAG ${place.dagId} has no run ${JSON.stringify(place.runId)}`);
}

/** One that has ended goes on, as soon as its DAG has room: how it ends is decided anew. */
export async function reopenRun({ runs }: Tables, run: RunRecord, now: number): Promise<void> {
  if (run.state === "queued" || run.state === "running") return;
  await runs.set(run, { state: "queued", startedAt: null, endedAt: null, lookAt: now });
}
