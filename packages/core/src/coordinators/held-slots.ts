/**
 * The slots that a process holds on a server which frees those it hears nothing of. Duties: 1. renew all of them together, 2. tell whoever
 * holds one that is lost, 3. give them back at the end.
 */
import type { Clock, Timer } from "../clock.ts";
import type { Slot } from "../coordinator.ts";
import { ConfigError, reasonOf } from "../errors.ts";
import type { Logger } from "../logger.ts";

/** How long slots live without a sign. Tests make it shorter. */
export interface SlotTiming {
  /** a holder that was silent for so long is dead: its slots are others' */
  readonly ttlMs: number;
  readonly renewEveryMs: number;
}

export const slotTiming: SlotTiming = Object.freeze({ ttlMs: 12_000, renewEveryMs: 3_000 });

/** A slot as its server knows it. */
export interface SlotName {
  readonly key: string;
  /** names this one holder */
  readonly holder: string;
}

export interface HeldSlotsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timing: SlotTiming;
  /** Prolongs them by `ttlMs`; gives, in order, which still are ours. */
  renew(slots: readonly SlotName[]): Promise<readonly boolean[]>;
  free(slot: SlotName): Promise<void>;
}

interface Held extends SlotName {
  readonly lost: AbortController;
  /** on the clock's monotonic time: until then the server cannot have given it away */
  safeUntil: number;
}

export class HeldSlots {
  readonly #options: HeldSlotsOptions;
  readonly #held = new Set<Held>();
  #renewing: Timer | null = null;

  constructor(options: HeldSlotsOptions) {
    this.#options = options;
  }

  /** Cares for a slot that was taken; `askedAt`: when it was asked for, on the clock's monotonic time. */
  hold(name: SlotName, askedAt: number): Slot {
    const { clock, timing } = this.#options;
    const held: Held = { ...name, lost: new AbortController(), safeUntil: askedAt + timing.ttlMs };
    this.#held.add(held);
    this.#renewing ??= clock.every(timing.renewEveryMs, () => void this.#renew());
    return Object.freeze({ key: name.key, lost: held.lost.signal, release: () => this.#release(held) });
  }

  /** Gives back all that are held. */
  async close(): Promise<void> {
    await Promise.all([...this.#held].map((held) => this.#release(held).catch((error) => this.#tell("A slot was not given back", error))));
  }

  async #release(held: Held): Promise<void> {
    if (!this.#drop(held)) return;
    await this.#options.free(held);
  }

  async #renew(): Promise<void> {
    const { clock, timing } = this.#options;
    const asked = [...this.#held];
    const askedAt = clock.monotonic();
    try {
      const ours = await this.#options.renew(asked);
      for (const [index, held] of asked.entries()) {
        if (ours[index] === true) held.safeUntil = askedAt + timing.ttlMs;
        else this.#lose(held);
      }
    } catch (error) {
      this.#tell("Slots could not be renewed", error);
      for (const held of asked) if (held.safeUntil <= clock.monotonic()) this.#lose(held);
    }
  }

  #lose(held: Held): void {
    if (!this.#drop(held)) return;
    const { ttlMs } = this.#options.timing;
    held.lost.abort(new Error(`the slot of ${held.key} was lost: nothing was heard of its holder for ${ttlMs} ms`));
  }

  #drop(held: Held): boolean {
    const wasHeld = this.#held.delete(held);
    if (this.#held.size === 0) {
      this.#renewing?.cancel();
      this.#renewing = null;
    }
    return wasHeld;
  }

  #tell(message: string, error: unknown): void {
    this.#options.logger.warn(message, { reason: reasonOf(error) });
  }
}

/** Throws CONFIG_INVALID. */
export function checkSlotLimit(key: string, limit: number): void {
  if (Number.isSafeInteger(limit) && limit > 0) return;
  throw new ConfigError("CONFIG_INVALID", `${limit} slots of ${JSON.stringify(key)}: expected a whole number above 0`);
}
