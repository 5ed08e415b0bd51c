/** How large a pool is: what it began with, what remote control makes of it, and what it grows and shrinks to by itself. */
import { CeleriacError, ConfigError } from "@celeriac/core/runtime";
import { type AutoscaleRange, Autoscaler, type Scalable } from "./autoscaler.ts";
import type { Fleet } from "./fleet.ts";
import type { PoolParts } from "./pool-options.ts";

export interface PoolSizeParts extends Pick<PoolParts, "scaledBy" | "autoscale" | "clock" | "logger"> {
  readonly fleet: Fleet;
  /** runs that the pool holds */
  readonly held: () => number;
  /** what a run takes; null: none has ended yet */
  readonly meanMs: () => number | null;
  /** Called after each change. */
  readonly changed: () => void;
}

const mostConcurrency = 10_000;
/** About what an executor takes to start: runs that take less are not worth one each. */
const startMs = 100;

export class PoolSize implements Scalable {
  readonly #parts: PoolSizeParts;
  readonly #autoscaler: Autoscaler | null;

  constructor(parts: PoolSizeParts) {
    const { autoscale = null, clock } = parts;
    this.#parts = parts;
    this.#autoscaler = autoscale === null ? null : new Autoscaler(this, autoscale, { clock, keepaliveMs: autoscale.keepaliveMs });
  }

  /** see `Pool` */
  get capacity(): number {
    const { fleet } = this.#parts;
    return fleet.wanted * fleet.slots;
  }

  get mostCapacity(): number {
    return Math.max(1, this.most / this.concurrency) * this.capacity;
  }

  get concurrency(): number {
    const { fleet, scaledBy } = this.#parts;
    return scaledBy === "slots" ? fleet.slots : fleet.wanted;
  }

  /** Its concurrency may grow to this by itself; 0: it does not. */
  get most(): number {
    return this.#autoscaler?.range.max ?? 0;
  }

  get autoscale(): AutoscaleRange | null {
    return this.#autoscaler?.range ?? null;
  }

  setAutoscale(range: AutoscaleRange): void {
    if (this.#autoscaler === null)
      throw new CeleriacError("POOL_UNSUPPORTED", "This worker does not autoscale: start it with --autoscale MAX,MIN");
    for (const count of [range.min, range.max]) checkConcurrency(count);
    if (range.min > range.max) throw new ConfigError("CONFIG_INVALID", `autoscale: expected MAX,MIN, got ${range.max},${range.min}`);
    this.#autoscaler.setRange(range);
    this.#parts.changed();
  }

  /** A slot is needed for each run that takes long, and one for as many short ones as are done while an executor starts. */
  get needed(): number {
    const { fleet, scaledBy, held, meanMs } = this.#parts;
    const weight = Math.min(1, (meanMs() ?? startMs) / startMs);
    return Math.ceil((held() * weight) / (scaledBy === "slots" ? 1 : fleet.slots));
  }

  resize(concurrency: number): void {
    if (this.#parts.scaledBy === "nothing")
      throw new CeleriacError("POOL_UNSUPPORTED", "The pool solo runs one task at a time and cannot be resized: take another pool");
    checkConcurrency(concurrency);
    if (this.#autoscaler !== null) {
      const { max, min } = this.#autoscaler.range;
      this.#autoscaler.range = { max: Math.max(max, concurrency), min: Math.min(min, concurrency) };
    }
    this.scale(concurrency);
  }

  scale(concurrency: number): void {
    const { fleet, scaledBy, logger, changed } = this.#parts;
    logger.info("Pool resized", { from: this.concurrency, to: concurrency });
    if (scaledBy === "slots") fleet.setSlots(concurrency);
    else fleet.resize(concurrency);
    changed();
  }

  /** From here on it grows and shrinks by itself, where it does. */
  start(): void {
    this.#autoscaler?.start();
  }

  /** To be called when runs wait. */
  grow(): void {
    this.#autoscaler?.grow();
  }

  stop(): void {
    this.#autoscaler?.stop();
  }
}

function checkConcurrency(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= mostConcurrency) return;
  throw new ConfigError("CONFIG_INVALID", `A pool's size: expected a whole number 1 to ${mostConcurrency}, got ${count}`);
}
