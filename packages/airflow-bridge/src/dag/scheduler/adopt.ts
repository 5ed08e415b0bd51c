/** Takes over what schedulers that have died had queued: what their executors run goes on, the rest is given to ours. Step of a round, now and then, and at the start. */
import type { Executor, QueuedInstance } from "../executors/executor.ts";
import { isHeld } from "../executors/executor.ts";
import { failpoint } from "../failpoint.ts";
import type { DagStore, Tables } from "../store/store.ts";
import { giveBack } from "./give-back.ts";

export interface Adoption {
  /** who takes them over */
  readonly scheduler: string;
  /** A scheduler not heard of since then is dead. */
  readonly silentBefore: number;
}

/** How many were found. */
export async function adopt(store: DagStore, executor: Pick<Executor, "adopt">, adoption: Adoption): Promise<number> {
  const adopted = await store.write(async (tables) => {
    const found = await takeOrphans(tables, adoption);
    if (found.length > 0) failpoint("adopt.taken");
    return found;
  });
  if (adopted.length === 0) return 0;
  failpoint("adopt.committed");
  const unknown = await executor.adopt(adopted);
  failpoint("adopt.handed");
  await store.write(async (tables) => {
    for (const instance of unknown) await giveBack(tables, instance, instance.requeues);
  });
  return adopted.length;
}

/** Those of schedulers that are silent, and those of nobody: of one that was taken for dead while it was queuing them, and died then. */
async function takeOrphans({ schedulers, instances }: Tables, { scheduler, silentBefore }: Adoption): Promise<readonly QueuedInstance[]> {
  for (const { id } of await schedulers.takeSilent(silentBefore)) if (id !== scheduler) await schedulers.remove(id);
  const alive = new Set((await schedulers.all()).map(({ id }) => id));
  const held = (await instances.inStates(["queued", "running", "restarting"])).filter(isHeld);
  const orphans = held.filter((instance) => instance.scheduler === null || !alive.has(instance.scheduler));
  const taken: QueuedInstance[] = [];
  for (const orphan of orphans) {
    const expected = { states: [orphan.state], externalId: orphan.externalId };
    if (await instances.change(orphan, expected, { scheduler })) taken.push({ ...orphan, scheduler });
  }
  return taken;
}
