/** Leases, reservations, token buckets and slots of a space. */
import { type Bucket, type BucketRate, takeTokens } from "../token-bucket.ts";
import { ExpiringMap } from "./expiring-map.ts";

export class Coordination {
  readonly #leases = new ExpiringMap<number>();
  readonly #reservations = new ExpiringMap<string>();
  readonly #buckets = new ExpiringMap<Bucket>();
  readonly #slots = new Map<string, Set<object>>();
  #lastToken = 0;

  /** The fencing token, or null while another holds the lease. */
  takeLease(name: string, ttlMs: number, now: number): number | null {
    if (this.#leases.get(name, now) !== undefined) return null;
    this.#lastToken += 1;
    this.#leases.set(name, this.#lastToken, now + ttlMs, now);
    return this.#lastToken;
  }

  renewLease(name: string, token: number, ttlMs: number, now: number): boolean {
    if (this.#leases.get(name, now) !== token) return false;
    this.#leases.set(name, token, now + ttlMs, now);
    return true;
  }

  freeLease(name: string, token: number, now: number): void {
    if (this.#leases.get(name, now) === token) this.#leases.delete(name);
  }

  /** Who holds the key now. */
  reserve(key: string, owner: string, ttlMs: number, now: number): string {
    const holder = this.#reservations.get(key, now);
    if (holder !== undefined && holder !== owner) return holder;
    this.#reservations.set(key, owner, now + ttlMs, now);
    return owner;
  }

  unreserve(key: string, owner: string, now: number): boolean {
    if (this.#reservations.get(key, now) !== owner) return false;
    this.#reservations.delete(key);
    return true;
  }

  /** 0 when they are taken, else after how many ms they may be there. */
  takeTokens(bucket: string, n: number, rate: BucketRate, now: number): number {
    const taken = takeTokens(this.#buckets.get(bucket, now) ?? null, n, rate, now);
    if (!taken.taken) return taken.waitMs;
    this.#buckets.set(bucket, taken.bucket, taken.fullAt, now);
    return 0;
  }

  /** false while `limit` others hold one. */
  takeSlot(key: string, holder: object, limit: number): boolean {
    const holders = this.#slots.get(key) ?? new Set();
    if (holders.size >= limit) return false;
    this.#slots.set(key, holders.add(holder));
    return true;
  }

  freeSlot(key: string, holder: object): void {
    const holders = this.#slots.get(key);
    holders?.delete(holder);
    if (holders?.size === 0) this.#slots.delete(key);
  }
}
