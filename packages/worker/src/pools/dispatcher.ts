/** Decides which executor gets which run, and keeps those that no executor can take yet. */
import { reasonOf } from "@celeriac/core/runtime";
import { Fifo } from "./fifo.ts";
import type { HeldRun } from "./held-run.ts";
import type { Lane } from "./lane.ts";

export class Dispatcher {
  readonly #lanes: ReadonlySet<Lane>;
  readonly #waiting = new Fifo<HeldRun>();
  /** Each of these needs an executor of its own. */
  readonly #suspects = new Fifo<HeldRun>();

  /** null: suspects wait until an ordinary executor is empty */
  readonly #needSpare: (() => void) | null;

  /** `lanes` is live: its owner adds and removes. `needSpare` asks for one that takes only suspects. */
  constructor(lanes: ReadonlySet<Lane>, needSpare: (() => void) | null) {
    this.#lanes = lanes;
    this.#needSpare = needSpare;
  }

  /** runs that no executor could take yet */
  get size(): number {
    return this.#waiting.size + this.#suspects.size;
  }

  add(held: HeldRun): void {
    if (!held.isSuspect && this.#waiting.size === 0) {
      const lane = this.#leastBusy();
      if (lane === null) this.#waiting.push(held);
      else this.#send(lane, held);
      return;
    }
    (held.isSuspect ? this.#suspects : this.#waiting).push(held);
    if (held.isSuspect) this.pump();
  }

  /** Runs that had been sent out and did not begin: first in line again. */
  putBack(runs: readonly HeldRun[]): void {
    const suspects = runs.filter((held) => held.isSuspect);
    if (suspects.length > 0) this.#suspects.putBack(suspects);
    if (suspects.length < runs.length) this.#waiting.putBack(runs.filter((held) => !held.isSuspect));
  }

  /** Sends out what executors can take now. To be called whenever one of them has become freer. */
  pump(): void {
    this.#placeSuspects();
    while (this.#waiting.size > 0) {
      const lane = this.#leastBusy();
      if (lane === null) return;
      this.#send(lane, this.#waiting.shift() as HeldRun);
    }
  }

  /** Takes out the waiting runs that match. */
  remove(matches: (held: HeldRun) => boolean): HeldRun[] {
    return [...this.#suspects.remove(matches), ...this.#waiting.remove(matches)];
  }

  #placeSuspects(): void {
    let spares = 0;
    let reserved = 0;
    for (const lane of this.#lanes) {
      if (lane.isForSuspects) spares++;
      const isRight = lane.isForSuspects || this.#needSpare === null;
      if (isRight && lane.isEmpty && this.#suspects.size > 0) this.#send(lane, this.#suspects.shift() as HeldRun);
      if (lane.reserved) reserved++;
    }
    if (this.#needSpare === null) this.#reserve(reserved);
    else if (this.#suspects.size > 0 && spares === 0) this.#needSpare();
  }

  /** As many executors as there are suspects get nothing more until they are empty: those that were chosen before, then the least busy. */
  #reserve(reserved: number): void {
    if (reserved === 0 && this.#suspects.size === 0) return;
    const open = [...this.#lanes].filter((lane) => lane.state !== "ending");
    open.sort((a, b) => Number(b.reserved) - Number(a.reserved) || a.held.workMs - b.held.workMs);
    for (const [index, lane] of open.entries()) lane.reserved = index < this.#suspects.size;
  }

  #leastBusy(): Lane | null {
    let best: Lane | null = null;
    let bestLoad = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes) {
      if (!lane.accepts()) continue;
      // A free slot (negative) goes before any place in a queue.
      const load = lane.held.size < lane.slots ? lane.held.size - lane.slots : lane.held.workMs;
      if (load >= bestLoad) continue;
      best = lane;
      bestLoad = load;
    }
    return best;
  }

  #send(lane: Lane, held: HeldRun): void {
    try {
      lane.send(held);
    } catch (error) {
      held.end({ kind: "undecodable", reason: `It cannot be passed to an executor: ${reasonOf(error)}` });
    }
  }
}
