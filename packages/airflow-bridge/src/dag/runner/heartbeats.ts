/** Tells the store that an instance still runs, and finds out by that when it is no longer to: it was cleared, marked, or given to somebody else. */
import { type Clock, type Logger, reasonOf } from "@celeriac/core/runtime";
import type { InstanceRecord } from "../records.ts";
import type { DagStore } from "../store/store.ts";
import { Interruption } from "./interruption.ts";

export interface Heartbeats {
  /** Resolves when none is under way. */
  stop(): Promise<void>;
}

export interface HeartbeatParts {
  readonly store: DagStore;
  readonly periodMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A store that does not answer interrupts nothing: the work goes on, and is asked about at the next one. */
export function beginHeartbeats(
  instance: InstanceRecord & { readonly externalId: string },
  abort: AbortController,
  { store, periodMs, clock, logger }: HeartbeatParts,
): Heartbeats {
  let beat: Promise<void> | null = null;
  let isSilent = false;
  const once = async () => {
    try {
      const interruption = await store.write(async ({ instances }) => {
        const fields = { heartbeatAt: clock.now() };
        if (await instances.change(instance, { states: ["running"], externalId: instance.externalId }, fields)) return null;
        return lossOf(await instances.find(instance), instance.externalId);
      });
      if (interruption !== null) abort.abort(interruption);
      isSilent = false;
    } catch (error) {
      if (!isSilent) logger.warn("the store does not take the heartbeats of a task, which goes on", { reason: reasonOf(error) });
      isSilent = true;
    }
  };
  const timer = clock.every(periodMs, () => {
    if (abort.signal.aborted) return;
    beat ??= once().finally(() => {
      beat = null;
    });
  });
  return {
    async stop() {
      timer.cancel();
      await beat;
    },
  };
}

function lossOf(found: InstanceRecord | null, externalId: string): Interruption {
  if (found?.state === "restarting" && found.externalId === externalId) return new Interruption("cleared", "it was cleared, to begin anew");
  const how = found === null ? "it was removed" : found.externalId === externalId ? `it was marked ${found.state}` : "it was queued again";
  return new Interruption("taken", how);
}
