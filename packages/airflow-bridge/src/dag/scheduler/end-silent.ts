/** Fails the tries of which nothing was heard for too long: whoever ran them has died. One that was cleared begins anew. Step of a round, now and then. */
import type { QueuedInstance } from "../executors/executor.ts";
import { isHeld } from "../executors/executor.ts";
import { failpoint } from "../failpoint.ts";
import type { DagStore } from "../store/store.ts";
import { type EndView, endHeld } from "./end-held.ts";

/** What was ended. Tasks that send no heartbeats are not among them. */
export async function endSilent(store: DagStore, silentMs: number, view: EndView): Promise<readonly QueuedInstance[]> {
  const heartbeatBefore = view.now - silentMs;
  const found = await store.read(({ instances }) => instances.inStates(["running", "restarting"], { heartbeatBefore }));
  if (found.length > 0) failpoint("silent.found");
  const ended: QueuedInstance[] = [];
  for (const instance of found.filter(isHeld)) {
    const { heartbeatAt, externalId } = instance;
    const reason = `no heartbeat since ${new Date(heartbeatAt ?? 0).toISOString()}: the process that ran it has died`;
    const isEnded = await store.write(async (tables) => {
      await tables.runs.wake(instance, view.now);
      // It may have been heard of since; from here on it is locked.
      const isSilent = await tables.instances.change(instance, { states: [instance.state], externalId, heartbeatBefore }, {});
      return isSilent && (await endHeld(tables, instance, { kind: "failed", reason, retryable: true }, view));
    });
    failpoint("silent.written");
    if (isEnded) ended.push(instance);
  }
  return ended;
}
