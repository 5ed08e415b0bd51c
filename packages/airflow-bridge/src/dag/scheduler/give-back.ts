/** Takes an instance back from an executor where it did not begin: it is scheduled again, under no id, so that its old message begins nothing any more. */
import type { QueuedInstance } from "../executors/executor.ts";
import type { Tables } from "../store/store.ts";

/** What did not begin after so many times has failed. */
export const mostRequeues = 2;

/** Within a transaction. `requeues`: so often it was taken back by now. false: it is not queued under this id any more. */
export async function giveBack({ instances }: Tables, instance: QueuedInstance, requeues: number): Promise<boolean> {
  const fields = { state: "scheduled", externalId: null, scheduler: null, queuedAt: null, requeues } as const;
  return await instances.change(instance, { states: ["queued"], externalId: instance.externalId }, fields);
}
