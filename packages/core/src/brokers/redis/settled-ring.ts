/** The last settlements of a consumer: after a failover that forgot them they are made again, instead of running the tasks again. */
import type { ClaimSettlement } from "./settler.ts";

const longest = 4_096;
/** What is larger is not remembered: its task would be delivered again. */
const largestBytes = 16_384;

export class SettledRing {
  readonly #ring: (ClaimSettlement | undefined)[] = [];
  #next = 0;

  remember(settlement: ClaimSettlement): void {
    if (settlement.operations !== null && bytesOf(settlement) > largestBytes) return;
    this.#ring[this.#next] = settlement;
    this.#next = (this.#next + 1) % longest;
  }

  byNumber(): ReadonlyMap<number, ClaimSettlement> {
    return new Map(this.#ring.flatMap((settlement) => (settlement === undefined ? [] : [[settlement.n, settlement]])));
  }
}

function bytesOf({ operations }: ClaimSettlement): number {
  let bytes = 0;
  for (const operation of operations ?? []) for (const arg of operation) bytes += typeof arg === "number" ? 8 : arg.length;
  return bytes;
}
