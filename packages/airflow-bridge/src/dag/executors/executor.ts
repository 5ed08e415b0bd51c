/** Where queued instances run: the contract between the scheduler and its executors, named as in Airflow. */
import type { InstanceRecord } from "../records.ts";

/** One try that is to run. The instance is `queued` in the store, under this `externalId`. */
export type QueuedInstance = InstanceRecord & { readonly externalId: string };

export function isHeld(instance: InstanceRecord): instance is QueuedInstance {
  return instance.externalId !== null && (instance.state === "queued" || instance.state === "running" || instance.state === "restarting");
}

/** What an executor saw of an instance, for those that do not write into the store themselves, and for what went wrong before they could. */
export type ExecutorEvent = {
  readonly instance: QueuedInstance;
} & (
  | { readonly kind: "started"; readonly hostname: string | null }
  | { readonly kind: "success"; readonly value: unknown }
  | { readonly kind: "failed"; readonly reason: string }
  /** it will not run: it may be queued again */
  | { readonly kind: "lost"; readonly reason: string }
);

export interface Executor {
  readonly name: "sequential" | "local" | "celery";
  /** how many more it takes now */
  readonly slots: number;
  /** Opens what it needs. Throws CONFIG_*, BROKER_*. */
  start(): Promise<void>;
  /** Takes them over, in this order; what fails becomes an event. Never rejects. */
  queue(instances: readonly QueuedInstance[]): Promise<void>;
  /** What was seen since the last call. */
  sync(): Promise<readonly ExecutorEvent[]>;
  /** Takes over what another scheduler had queued, and gives back those that nobody runs any more. */
  adopt(instances: readonly QueuedInstance[]): Promise<readonly QueuedInstance[]>;
  /** Ends it, or keeps it from beginning. */
  revoke(instance: QueuedInstance): Promise<void>;
  /** Calls `heard` when `sync` has something to tell. */
  onEvent(heard: () => void): void;
  /** Waits for what runs, until `deadlineMs` from now; then gives it up. What other processes run goes on. */
  end(deadlineMs: number): Promise<void>;
}
