/** What a worker was told to revoke, by id and by stamp: the gate asks it of every task that may begin. Shared by nothing, kept in memory. */
import { type Clock, durationMs, type Settings, type TaskHeaders } from "@celeriac/core/runtime";
import { LimitedMap, type Limits } from "./limited-map.ts";

/** The reason of a task that was revoked without one: Celery's. */
export const plainReason = "revoked";

/** stamp → values that are revoked */
export type Stamps = Readonly<Record<string, readonly unknown[]>>;

export class Revoked {
  /** id → reason */
  readonly #ids: LimitedMap<string>;
  readonly #stamps: LimitedMap<true>;

  constructor(limits: Limits, clock: Pick<Clock, "monotonic">) {
    this.#ids = new LimitedMap(limits, clock);
    this.#stamps = new LimitedMap(limits, clock);
  }

  /** Of all that are in the list, oldest first. */
  get ids(): readonly string[] {
    return this.#ids.list().map(([id]) => id);
  }

  addIds(ids: Iterable<string>, reason = plainReason): void {
    for (const id of ids) this.#ids.set(id, reason);
  }

  addStamps(stamps: Stamps): void {
    for (const key of stampKeys(stamps)) this.#stamps.set(key, true);
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
