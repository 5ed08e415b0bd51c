/**
 * The contract of a coordinator: who may do what only one may do, or only so many, or only so often. Drivers live in `coordinators/`, on
 * the server that keeps the queue; every one passes `test/conformance/coordinator-suite.ts`.
 */
import type { BucketRate } from "./token-bucket.ts";

/** A named lease with a fencing token that grows with every new holder; writes of an older token can be told and refused. */
export interface Lease {
  readonly name: string;
  readonly token: number;
  /** Prolongs it by the same ttl; false when it is no longer ours (then it never will be again). */
  renew(): Promise<boolean>;
  /** Frees it if it is still ours. */
  release(): Promise<void>;
}

/** One of the places under a key. It needs no care: it is ours until it is released, the coordinator is closed, or this process dies. */
export interface Slot {
  readonly key: string;
  /** Aborts when it is no longer ours though nobody gave it back: the server has taken this process for dead. */
  readonly lost: AbortSignal;
  /** Safe to call twice. */
  release(): Promise<void>;
}

export interface Coordinator {
  /** Takes the lease for `ttlMs`, or null while another holds it. */
  lease(name: string, ttlMs: number): Promise<Lease | null>;
  /** Takes `key` for `owner`; gives the holder: `owner` itself when it is ours now (again), else who has it. */
  reserve(key: string, owner: string, ttlMs: number): Promise<string>;
  /** Ends a reservation if `owner` holds it; gives whether it did. */
  release(key: string, owner: string): Promise<boolean>;
  /**
   * Takes `n` tokens of a bucket, all or none: gives 0 when they are taken, else after how many ms they may be there. A bucket is full
   * when nobody has used it. Throws CONFIG_INVALID for more than it can hold.
   */
  take(bucket: string, n: number, rate: BucketRate): Promise<number>;
  /**
   * Takes one of `limit` places under `key`, or gives null while all are held. A dead holder's are free at once on SQLite, after 12 s at
   * most elsewhere. Throws CONFIG_INVALID for a limit that is no whole number above 0.
   */
  slots(key: string, limit: number): Promise<Slot | null>;
  /** The server's clock, epoch ms. */
  now(): Promise<number>;
  /** Gives back the slots that are held. Safe to call twice. */
  close(): Promise<void>;
}
