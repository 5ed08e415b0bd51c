/** Takes back what this scheduler gave to its executor long ago, and nobody has begun: it is queued again, and in the end has failed. Step of a round, now and then. */
import { isHeld, type QueuedInstance } from "../executors/executor.ts";
import { failpoint } from "../failpoint.ts";
import type { DagStore } from "../store/store.ts";
import { type EndView, endHeld } from "./end-held.ts";
import { giveBack, mostRequeues } from "./give-back.ts";

export interface StuckView extends EndView {
  readonly scheduler: string;
  readonly queuedTimeoutMs: number;
}

/** What the executor is to revoke. */
export async function requeueStuck(store: DagStore, view: StuckView): Promise<readonly QueuedInstance[]> {
  const { scheduler, queuedTimeoutMs, now } = view;
  const queuedBefore = now - queuedTimeoutMs;
  const stuck: QueuedInstance[] = [];
  const found = await store.read(({ instances }) => instances.inStates(["queued"], { queuedBefore, scheduler }));
  for (const instance of found.filter(isHeld)) {
    const { requeues } = instance;
    const reason = `nobody began it within ${queuedTimeoutMs} ms, ${requeues + 1} times in a row`;
    const isTaken = await store.write(async (tables) => {
      if (requeues < mostRequeues) return await giveBack(tables, instance, requeues + 1);
      return await endHeld(tables, instance, { kind: "failed", reason, retryable: true }, view);
    });
    failpoint("stuck.written");
    if (isTaken) stuck.push(instance);
  }
  if (stuck.length > 0) failpoint("stuck.committed");
  return stuck;
}
