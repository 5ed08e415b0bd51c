/**
 * The contract of a coordinator: who may do what only one may do. Drivers live in `coordinators/`, on the server that keeps the queue.
 */

/** A named lease with a fencing token that grows with every new holder; writes of an older token can be told and refused. */
export interface Lease {
  readonly name: string;
  readonly token: number;
  /** Prolongs it by the same ttl; false when it is no longer ours (then it never will be again). */
  renew(): Promise<boolean>;
  /** Frees it if it is still ours. */
  release(): Promise<void>;
}

export interface Coordinator {
  /** Takes the lease for `ttlMs`, or null while another holds it. */
  lease(name: string, ttlMs: number): Promise<Lease | null>;
  /** Takes `key` for `owner`; gives the holder: `owner` itself when it is ours now (again), else who has it. */
  reserve(key: string, owner: string, ttlMs: number): Promise<string>;
  /** Ends a reservation if `owner` holds it; gives whether it did. */
  release(key: string, owner: string): Promise<boolean>;
  /** The server's clock, epoch ms. */
  now(): Promise<number>;
  close(): Promise<void>;
}
