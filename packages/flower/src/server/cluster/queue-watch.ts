/** How long the queues are: of those that workers consume, the app names, or the broker lists. Asked when somebody wants to know, not more than once in two seconds. */
import { type AppRuntime, allQueues, createFresh, type QueueFacts, queueFacts } from "@celeriac/core/runtime";
import type { Inspection } from "./inspection.ts";

export interface WatchedQueue extends QueueFacts {
  /** workers that consume it, as far as they have said */
  readonly consumers: number;
}

export interface QueueWatch {
  /** Sorted by name. Rejects with BROKER_*. */
  queues(): Promise<readonly WatchedQueue[]>;
  /** the latest that is known, of whatever age; null: nothing is */
  readonly last: readonly WatchedQueue[] | null;
}

const freshMs = 2_000;

export function createQueueWatch(runtime: AppRuntime, inspection: Pick<Inspection, "workers">): QueueWatch {
  const fresh = createFresh(runtime.clock, freshMs, async () => {
    const { broker } = await runtime.links();
    if (!broker.connected) await broker.connect();
    const consumers = consumersOf(inspection);
    const names = new Set([...(await allQueues(broker, runtime)), ...consumers.keys()]);
    const facts = await queueFacts(broker, [...names].sort());
    return facts.map((queue) => ({ ...queue, consumers: consumers.get(queue.name) ?? 0 }));
  });
  return {
    queues: () => fresh.get(),
    get last() {
      return fresh.last;
    },
  };
}

/** queue → how many workers said that they consume it */
function consumersOf({ workers }: Pick<Inspection, "workers">): ReadonlyMap<string, number> {
  const consumers = new Map<string, number>();
  for (const { active_queues: queues } of workers.values())
    for (const name of new Set(queueNames(queues))) consumers.set(name, (consumers.get(name) ?? 0) + 1);
  return consumers;
}

/** Out of what a worker answered to `active_queues`. */
export function queueNames(queues: unknown): readonly string[] {
  if (!Array.isArray(queues)) return [];
  return queues.flatMap((queue: unknown) => {
    const name = typeof queue === "object" && queue !== null ? (queue as { readonly name?: unknown }).name : undefined;
    return typeof name === "string" ? [name] : [];
  });
}
