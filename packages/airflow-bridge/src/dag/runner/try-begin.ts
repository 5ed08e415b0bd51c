/** Begins a try, or goes on with one that was rescheduled or deferred: a queued instance runs. The first step of the runner, and what a scheduler writes when an executor says that a task began elsewhere. */
import type { InstancePlace, InstanceRecord, RunRecord } from "../records.ts";
import type { Tables } from "../store/store.ts";

/** An instance as it stands in this try, with its run. */
export interface Try {
  readonly instance: InstanceRecord;
  readonly run: RunRecord;
}

export interface BegunTry extends Try {
  readonly instance: InstanceRecord & { readonly externalId: string };
}

/** Within a transaction. null: it is not queued under this id (any more): whoever asks is to do nothing. A new try begins without XComs. */
export async function beginTry(
  tables: Tables,
  place: InstancePlace,
  externalId: string,
  { now, hostname }: { readonly now: number; readonly hostname: string | null },
): Promise<BegunTry | null> {
  const [found, run] = [await tables.instances.find(place), await tables.runs.find(place)];
  if (found === null || run === null) return null;
  const goesOn = found.firstStartedAt !== null && found.endedAt === null;
  const fields = {
    state: "running",
    startedAt: now,
    firstStartedAt: goesOn ? found.firstStartedAt : now,
    endedAt: null,
    heartbeatAt: now,
    nextAt: null,
    reason: null,
    hostname,
  } as const;
  if (!(await tables.instances.change(place, { states: ["queued"], externalId }, fields))) return null;
  if (!goesOn) await tables.xcoms.clear(place);
  return { instance: { ...found, ...fields, externalId }, run };
}
