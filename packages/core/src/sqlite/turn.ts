/** One transaction of the I/O thread: what happened in it that others have to learn once it is committed. */
import type { ClaimedMessage } from "./operation.ts";

export interface Turn {
  /** epoch ms, one for the whole turn */
  readonly now: number;
  /** Queues that got something ready. */
  readonly arrivals: Set<string>;
  /** Something was given a time at which it is due. */
  delays: boolean;
  /** Tasks whose result was written or forgotten. */
  readonly results: Set<string>;
  /** Exchanges on which something was told. */
  readonly told: Set<string>;
  /** consumer → how many it settled in this turn, which makes room for as many. */
  readonly settled: Map<number, number>;
  readonly claimed: { readonly message: ClaimedMessage; readonly raw: Uint8Array }[];
  /** Run when the transaction is committed: memory follows the file, never the other way round. */
  readonly onCommit: (() => void)[];
  /** Run when it is rolled back: undoes what was done outside the file. */
  readonly onRollback: (() => void)[];
}

export function createTurn(now: number): Turn {
  return {
    now,
    arrivals: new Set(),
    delays: false,
    results: new Set(),
    told: new Set(),
    settled: new Map(),
    claimed: [],
    onCommit: [],
    onRollback: [],
  };
}
