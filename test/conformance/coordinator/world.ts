/** What the coordinator suite needs from a driver's test, and what it gives to its cases. */
import type { Coordinator, Lease, Slot } from "../../../packages/core/src/coordinator.ts";
import type { SlotTiming } from "../../../packages/core/src/coordinators/held-slots.ts";

/** One store, reached by as many coordinators as a test opens. */
export interface CoordinatorWorld {
  /** A coordinator on a connection of its own, as another process would have it; with other times, where its server has to hear of holders. */
  open(timing?: SlotTiming): Coordinator;
  /** What another process names to reach it; null where none can. */
  readonly url: string | null;
  /** Called once, after all coordinators it opened were closed. */
  close(): Promise<void>;
}

/** Two coordinators of one world, and a way to more of them. */
export interface Suite {
  one(): Coordinator;
  other(): Coordinator;
  open(): Coordinator;
}

/** Longer than any test takes. */
export const longMs = 60_000;

/** The lease, which must have been free. */
export async function take(coordinator: Coordinator, name: string, ttlMs: number): Promise<Lease> {
  const lease = await coordinator.lease(name, ttlMs);
  if (lease === null) throw new Error(`expected the lease ${name} to be free`);
  return lease;
}

/** The slot, which must have been there. */
export async function hold(coordinator: Coordinator, key: string, limit: number): Promise<Slot> {
  const slot = await coordinator.slots(key, limit);
  if (slot === null) throw new Error(`expected a free slot of ${key}`);
  return slot;
}
