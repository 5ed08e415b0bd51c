/** Says of instances whose pool is not there, or is too small for them, why they wait: nothing else will. Step of a round, now and then. */
import type { InstanceRecord } from "../records.ts";
import type { DagStore } from "../store/store.ts";

const atOnce = 500;

/** What is told for the first time. It is queued like others as soon as there is such a pool. */
export async function explainWaits(store: DagStore, dagIds: readonly string[]): Promise<readonly InstanceRecord[]> {
  // Hardly ever is there one: who only looks locks nothing.
  if ((await store.read(({ instances }) => instances.poolless(1, dagIds))).length === 0) return [];
  return await store.write(async ({ instances, pools }) => {
    const slots = new Map((await pools.all()).map((pool) => [pool.name, pool.slots]));
    const changes = (await instances.poolless(atOnce, dagIds)).map((instance) => {
      return { instance, fields: { reason: reasonOf(instance, slots.get(instance.pool)) } };
    });
    return (await instances.changeAll(changes)).map(({ instance, fields }) => ({ ...instance, ...fields }));
  });
}

function reasonOf({ pool, poolSlots }: InstanceRecord, slots: number | undefined): string {
  const what = slots === undefined ? `there is no pool ${pool}` : `its pool ${pool} has ${slots} slots, and it needs ${poolSlots}`;
  return `${what}: celeriac dag pools set ${pool} SLOTS`;
}
