/** Leases and reservations of a space. */
import { ExpiringMap } from "./expiring-map.ts";

export class Coordination {
  readonly #leases = new ExpiringMap<number>();
  readonly #reservations = new ExpiringMap<string>();
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
}
