/**
 * The critical section: gives scheduled instances to the executor by their weight, as far as pools, runs and executor have room. One scheduler
 * does it at a time, for it holds the locks of all pools. Step of a round.
 */
import { randomUUID } from "node:crypto";
import type { QueuedInstance } from "../executors/executor.ts";
import { failpoint } from "../failpoint.ts";
import type { InstanceRecord } from "../records.ts";
import type { DagStore, Tables } from "../store/store.ts";
import { openSpace } from "./open-space.ts";
import type { ScheduledDags } from "./scheduled-dag.ts";

export interface QueueRoom {
  /** who queues them */
  readonly scheduler: string;
  /** how many at most */
  readonly limit: number;
  /** Read under the lock: who was queued first has the earlier time. */
  now(): number;
}

/** What is queued in the store when this resolves, and is now to be given to the executor, in this order. */
export async function queueInstances(store: DagStore, dags: ScheduledDags, room: QueueRoom): Promise<readonly QueuedInstance[]> {
  const queued = await store.write(async (tables) => {
    const pools = await tables.pools.takeAll();
    failpoint("queue.locked");
    const space = openSpace({ pools, used: await tables.instances.usedSlots(), active: await tables.instances.activeByRun(), dags });
    const chosen: QueuedInstance[] = [];
    while (chosen.length < room.limit) {
      const asked = room.limit - chosen.length;
      const found = await tables.instances.takeScheduled(asked, [...dags.keys()], space.full());
      const fitting = found.filter((instance) => space.take(instance));
      chosen.push(...(await queue(tables, fitting, room)));
      // What did not fit has hidden others: they are asked for again, without the pool or run that is full.
      if (fitting.length === found.length && found.length < asked) break;
    }
    if (chosen.length > 0) failpoint("queue.written");
    return chosen;
  });
  if (queued.length > 0) failpoint("queue.committed");
  return queued;
}

/** They are locked: nobody has changed them since. */
async function queue(
  { instances }: Tables,
  chosen: readonly InstanceRecord[],
  { scheduler, now }: QueueRoom,
): Promise<readonly QueuedInstance[]> {
  const common = { state: "queued", scheduler, queuedAt: now(), heartbeatAt: null, hostname: null, reason: null } as const;
  const changes = chosen.map((instance) => ({ instance, fields: { ...common, externalId: randomUUID() } }));
  await instances.changeAll(changes);
  return changes.map(({ instance, fields }) => ({ ...instance, ...fields }));
}
