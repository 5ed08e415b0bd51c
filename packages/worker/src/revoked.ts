/** What a worker was told to revoke, by id and by stamp: the gate asks it of every task that may begin. Shared by nothing, kept in memory. */
import { type Clock, durationMs, type Settings, type TaskHeaders } from "@celeriac/core/runtime";
import { LimitedMap, type Limits } from "./limited-map.ts";

/** The reason of a task that was revoked without one: Celery's. */
export const plainReason = "revoked";

/** Ids that one worker tells another: answers to a fleet that starts at once must not drown it. The newest. */
export const mostShared = 10_000;

/** stamp → values that are revoked */
export type Stamps = Readonly<Record<string, readonly unknown[]>>;

/** Each with the milliseconds since it was revoked. */
export interface Remembered {
  readonly ids: readonly (readonly [id: string, reason: string, ageMs: number])[];
  /** a stamp is its name and value as JSON */
  readonly stamps: readonly (readonly [stamp: string, ageMs: number])[];
}

export class Revoked {
  /** id → reason */
  readonly #ids: LimitedMap<string>;
  /** by name and value, as JSON */
  readonly #stamps: LimitedMap<true>;
  readonly #listeners: (() => void)[] = [];

  constructor(limits: Limits, clock: Pick<Clock, "monotonic">) {
    this.#ids = new LimitedMap(limits, clock);
    this.#stamps = new LimitedMap(limits, clock);
  }

  /** Of all that are in the list, oldest first. */
  get ids(): readonly string[] {
    return this.#ids.list().map(([id]) => id);
  }

  /** Calls `listener` after each change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  addIds(ids: Iterable<string>, reason = plainReason): void {
    for (const id of ids) this.#ids.set(id, reason);
    this.#changed();
  }

  addStamps(stamps: Stamps): void {
    for (const key of stampKeys(stamps)) this.#stamps.set(key, true);
    this.#changed();
  }

  /** All that is in it, oldest first. */
  remembered(): Remembered {
    return { ids: this.#ids.list(), stamps: this.#stamps.list().map(([key, , ageMs]) => [key, ageMs]) };
  }

  /** What another one remembered; before anything is added. */
  restore({ ids, stamps }: Remembered): void {
    for (const [id, reason, ageMs] of ids) this.#ids.set(id, reason, ageMs);
    for (const [key, ageMs] of stamps) this.#stamps.set(key, true, ageMs);
  }

  /** Why a task must not begin; null: it may. */
  reasonFor({ id, stamps }: Pick<TaskHeaders, "id" | "stamps">): string | null {
    if (this.#ids.size > 0) {
      const reason = this.#ids.get(id);
      if (reason !== undefined) return reason;
    }
    if (stamps === null || this.#stamps.size === 0) return null;
    return stampKeys(stamps).some((key) => this.#stamps.get(key) === true) ? plainReason : null;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

export function revokedLimits({
  workerRevokesMax,
  workerRevokeExpires,
}: Pick<Settings, "workerRevokesMax" | "workerRevokeExpires">): Limits {
  return { max: workerRevokesMax, expiresMs: durationMs(workerRevokeExpires, "workerRevokeExpires") };
}

function stampKeys(stamps: Stamps): readonly string[] {
  return Object.entries(stamps).flatMap(([name, values]) => values.map((value) => JSON.stringify([name, value])));
}
