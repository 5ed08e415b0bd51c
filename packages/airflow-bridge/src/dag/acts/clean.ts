/** Forgets runs that ended long ago, with their task instances, tries and what tasks gave: nothing else ever removes them. */
import type { DagStore } from "../store/store.ts";

/** Runs of one transaction, so that schedulers get their turn at the store. */
const atOnce = 200;

/** How many that were. The last run of each DAG stays, and the last that its schedule made. */
export async function cleanRuns(store: DagStore, endedBefore: number): Promise<number> {
  for (let removed = 0; ; ) {
    const count = await store.write(async ({ runs }) => {
      const old = await runs.takeOld(endedBefore, atOnce);
      await runs.removeAll(old);
      return old.length;
    });
    removed += count;
    if (count < atOnce) return removed;
  }
}
