/**
 * Writes what an executor saw: the whole life of a task that does not write into the store itself, and of the others only what went wrong before
 * they could. Step of a round.
 */
import type { ExecutorEvent } from "../executors/executor.ts";
import { failpoint } from "../failpoint.ts";
import { beginTry } from "../runner/try-begin.ts";
import type { DagStore, Tables } from "../store/store.ts";
import { type EndView, endHeld } from "./end-held.ts";
import { giveBack, mostRequeues } from "./give-back.ts";

/** Safe to repeat: an event of an instance that has gone on since changes nothing. */
export async function hearEvent(store: DagStore, event: ExecutorEvent, view: EndView): Promise<void> {
  await store.write(async (tables) => {
    await hear(tables, event, view);
    failpoint("event.written");
  });
  failpoint("event.committed");
}

async function hear(tables: Tables, event: ExecutorEvent, view: EndView): Promise<void> {
  switch (event.kind) {
    case "started":
      return await begin(tables, event, event.hostname, view);
    case "success":
      await begin(tables, event, null, view);
      await endHeld(tables, event.instance, { kind: "success", value: event.value }, view);
      return;
    case "failed":
      await endHeld(tables, event.instance, { kind: "failed", reason: event.reason, retryable: true }, view);
      return;
    case "lost":
      return await lose(tables, event, event.reason, view);
  }
}

/** Nobody sends heartbeats for it: its executor is asked what becomes of it. */
async function begin(tables: Tables, { instance }: ExecutorEvent, hostname: string | null, { now }: EndView): Promise<void> {
  if ((await beginTry(tables, instance, instance.externalId, { now, hostname })) === null) return;
  await tables.instances.change(instance, { states: ["running"], externalId: instance.externalId }, { heartbeatAt: null });
}

/** Before it began it may go to an executor again; one that ran was lost with its process, and has failed. */
async function lose(tables: Tables, { instance }: ExecutorEvent, reason: string, view: EndView): Promise<void> {
  const { requeues = 0 } = (await tables.instances.find(instance)) ?? {};
  if (requeues < mostRequeues && (await giveBack(tables, instance, requeues + 1))) return;
  await endHeld(tables, instance, { kind: "failed", reason, retryable: true }, view);
}
