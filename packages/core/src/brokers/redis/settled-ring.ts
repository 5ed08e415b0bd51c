/** The last settlements of a consumer: after a failover that forgot them they are made again, instead of running the tasks again. */
import { bytesOf, type ClaimSettlement } from "./settler.ts";

const longest = 4_096;
/** What is larger is not remembered: its task would be delivered again. */
const largestBytes = 16_384;

export class SettledRing {
  readonly #numbers = new Float64Array(longest);
  /** Of a plain acknowledgement only the claim hash: an object each would keep the garbage collector busy. */
  readonly #settlements: (ClaimSettlement | string | undefined)[] = new Array(longest).fill(undefined);
  #next = 0;

  remember(settlement: ClaimSettlement): void {
    const { n, claimsKey, plan } = settlement;
    if (bytesOf(plan) > largestBytes) return;
    this.#numbers[this.#next] = n;
    this.#settlements[this.#next] = plan === null ? claimsKey : { n, claimsKey, plan };
    this.#next = (this.#next + 1) % longest;
  }

  byNumber(): ReadonlyMap<number, ClaimSettlement> {
    const all = new Map<number, ClaimSettlement>();
    for (const [index, settlement] of this.#settlements.entries()) {
      if (settlement === undefined) continue;
      const n = this.#numbers[index] as number;
      all.set(n, typeof settlement === "string" ? { n, claimsKey: settlement, plan: null } : settlement);
    }
    return all;
  }
}
