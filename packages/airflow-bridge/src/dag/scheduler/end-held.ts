/** Ends an instance that an executor or a runner holds, when it is the scheduler who learns how that went: as its runner would have written it. */
import type { QueuedInstance } from "../executors/executor.ts";
import type { Ending } from "../model.ts";
import { endCleared, endTry, tryEndOf } from "../runner/try-end.ts";
import type { Tables } from "../store/store.ts";
import type { ScheduledDags } from "./scheduled-dag.ts";

export interface EndView {
  readonly dags: ScheduledDags;
  readonly maxXcomBytes: number;
  readonly now: number;
}

/** Within a transaction. false: nobody holds it under this id any more, and nothing was written. */
export async function endHeld(
  tables: Tables,
  instance: QueuedInstance,
  ending: Ending,
  { dags, maxXcomBytes, now }: EndView,
): Promise<boolean> {
  // The run before its instances, as everybody locks them.
  await tables.runs.wake(instance, now);
  const [found, run] = [await tables.instances.find(instance), await tables.runs.find(instance)];
  if (found === null || run === null || found.externalId !== instance.externalId) return false;
  const held = { ...found, externalId: instance.externalId };
  switch (held.state) {
    case "queued":
    case "running": {
      const task = dags.get(held.dagId)?.model.tasks.get(held.taskId);
      const end = tryEndOf(ending, { instance: held, run }, task, { now, maxXcomBytes });
      return (await endTry(tables, held, end, held.state)) !== null;
    }
    case "restarting":
      return (await endCleared(tables, held, now)) !== null;
    default:
      return false;
  }
}
