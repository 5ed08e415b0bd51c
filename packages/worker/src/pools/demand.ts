/** How many runs a pool wants to hold: as many as can run, and a few ahead while runs are short. */
import { aheadWorkMs, mostAhead } from "./ahead.ts";
import type { Fleet } from "./fleet.ts";
import type { PoolSize } from "./pool-size.ts";

export interface DemandParts {
  readonly fleet: Pick<Fleet, "size" | "slots">;
  readonly size: Pick<PoolSize, "most">;
  /** what a change of the concurrency changes */
  readonly scaledBy: "executors" | "slots" | "nothing";
  /** what a run takes; null: none has ended yet */
  readonly meanMs: () => number | null;
}

export class Demand {
  readonly #parts: DemandParts;
  readonly #listeners: (() => void)[] = [];
  #runs: number;

  /** `runs`: before it was counted */
  constructor(parts: DemandParts, runs: number) {
    this.#parts = parts;
    this.#runs = runs;
  }

  get runs(): number {
    return this.#runs;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** To be called when one of its parts may have changed. */
  update(): void {
    const runs = countOf(this.#parts);
    if (runs === this.#runs) return;
    this.#runs = runs;
    for (const listener of this.#listeners) listener();
  }
}

/** In steps of two, so that it does not change with every batch. Where the pool autoscales it is what it could run at most, or it would never see what waits. */
function countOf({ fleet, size: { most }, scaledBy, meanMs }: DemandParts): number {
  const mean = meanMs();
  const executors = scaledBy === "slots" || fleet.size === 0 ? fleet.size : Math.max(fleet.size, most);
  const slots = scaledBy === "slots" ? Math.max(fleet.slots, most) : fleet.slots;
  const ahead = mean === null ? 0 : Math.min(mostAhead, (aheadWorkMs * slots) / Math.max(mean, 0.001));
  const aheadEach = ahead < 1 ? 0 : 2 ** Math.floor(Math.log2(ahead));
  return executors * (slots + aheadEach);
}
