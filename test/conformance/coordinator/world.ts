/** What the coordinator suite needs from a driver's test, and what it gives to its cases. */
import type { Coordinator } from "../../../packages/core/src/coordinator.ts";

/** One store, reached by as many coordinators as a test opens. */
export interface CoordinatorWorld {
  /** A coordinator on a connection of its own, as another process would have it. */
  open(): Coordinator;
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
  url(): string | null;
}

/** Longer than any test takes. */
export const longMs = 60_000;
