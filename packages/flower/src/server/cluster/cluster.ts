/** The workers and queues there are: which workers were heard of, what they said of themselves, how long the queues are. */
import type { AppRuntime, Logger } from "@celeriac/core/runtime";
import type { Change, History } from "../history/history.ts";
import type { Redactor } from "../security/redaction.ts";
import { createInspection, type Inspection } from "./inspection.ts";
import { createQueueWatch, type QueueWatch } from "./queue-watch.ts";

export interface Cluster {
  readonly inspection: Inspection;
  readonly queues: QueueWatch;
  /** Whether a worker has answered, or was heard of. */
  isKnown(worker: string): boolean;
  heard(change: Pick<Change, "workers">): void;
  forget(workers: readonly string[]): void;
  close(): void;
}

export interface ClusterOptions {
  readonly runtime: AppRuntime;
  readonly history: Pick<History, "workers">;
  readonly logger: Logger;
  readonly redactor: Redactor;
  readonly timeoutMs: number;
}

/** Knows the workers of the history at once, and asks all that are there in the background. */
export async function openCluster({ history, ...options }: ClusterOptions): Promise<Cluster> {
  const inspection = createInspection({ ...options, clock: options.runtime.clock });
  const heardOf = new Set<string>();
  const hear = (workers: Change["workers"]) => {
    for (const { hostname, online } of workers) {
      heardOf.add(hostname);
      if (online) inspection.seen(hostname);
    }
  };
  hear(await history.workers());
  // Those that tell no events, as well; a broker that is away is the ear's to tell of.
  inspection.refresh().catch(() => {});
  return {
    inspection,
    queues: createQueueWatch(options.runtime, inspection),
    isKnown: (worker) => inspection.workers.has(worker) || heardOf.has(worker),
    heard: ({ workers }) => hear(workers),
    forget(workers) {
      for (const worker of workers) heardOf.delete(worker);
      inspection.forget(workers);
    },
    close: () => inspection.close(),
  };
}
