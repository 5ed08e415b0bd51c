/** Carries out what a worker is told to revoke, abort or terminate: remembers it, so that it does not begin, and reaches what has begun. */
import type { TaskConsumer } from "./consumer.ts";
import type { Pool } from "./pool.ts";
import type { Request } from "./request.ts";
import { plainReason, type Revoked, type Stamps } from "./revoked.ts";

/** What becomes of those that have begun. */
export type RevokeHow =
  /** they go on */
  | { readonly kind: "leave" }
  /** their signal aborts; `reason` is what it says, and the outcome of those that give way or never begin */
  | { readonly kind: "abort"; readonly reason: string }
  /** they are ended, by this signal where they run in a process */
  | { readonly kind: "terminate"; readonly signal: NodeJS.Signals };

export interface Revoker {
  /** Gives the ids of those that the worker holds, begun or not. */
  revoke(ids: readonly string[], how: RevokeHow): readonly string[];
  /** Of all tasks that bear one of the stamps; gives the stamps that were found on what the worker holds. */
  revokeStamped(stamps: Stamps, how: RevokeHow): Stamps;
  /** What other workers know to be revoked, and this one does not yet. */
  learn(ids: readonly string[]): void;
}

export interface RevokerParts {
  readonly revoked: Revoked;
  readonly consumer: Pick<TaskConsumer, "underway">;
  readonly pool: Pick<Pool, "abort" | "endsRuns" | "takeBack" | "terminateRun">;
}

export function createRevoker({ revoked, consumer, pool }: RevokerParts): Revoker {
  return {
    revoke(ids, how) {
      revoked.addIds(ids, how.kind === "abort" ? how.reason : plainReason);
      return reachIds(ids, how);
    },
    revokeStamped(stamps, how) {
      revoked.addStamps(stamps);
      const found = reach(({ headers }) => matching(headers.stamps, stamps).length > 0, how);
      return collected(found.flatMap(({ headers }) => matching(headers.stamps, stamps)));
    },
    learn(ids) {
      const news = ids.filter((id) => revoked.reasonFor({ id, stamps: null }) === null);
      if (news.length === 0) return;
      revoked.addIds(news);
      reachIds(news, { kind: "leave" });
    },
  };

  function reachIds(ids: readonly string[], how: RevokeHow): readonly string[] {
    const wanted = new Set(ids);
    return reach(({ headers }) => wanted.has(headers.id), how).map(({ headers }) => headers.id);
  }

  function reach(matches: (request: Request) => boolean, how: RevokeHow): readonly Request[] {
    const found = [...consumer.underway()].filter(matches);
    for (const id of new Set(found.map(({ headers }) => headers.id))) reachOne(id, how);
    return found;
  }

  function reachOne(id: string, how: RevokeHow): void {
    if (how.kind === "abort") pool.abort(id, "aborted", how.reason);
    else if (how.kind === "leave" || !end(id, how.signal)) pool.takeBack(id);
  }

  /** Nothing inline can be ended: it is told to give way. */
  function end(id: string, signal: NodeJS.Signals): boolean {
    return pool.endsRuns || signal === "SIGUSR1" ? pool.terminateRun(id, signal) : pool.abort(id, "revoked", "terminated");
  }
}

function matching(actual: Stamps | null, wanted: Stamps): readonly (readonly [name: string, value: unknown])[] {
  return Object.entries(actual ?? {}).flatMap(([name, values]) =>
    values.filter((value) => Object.hasOwn(wanted, name) && wanted[name]!.includes(value)).map((value) => [name, value] as const),
  );
}

function collected(stamps: readonly (readonly [name: string, value: unknown])[]): Stamps {
  const all = new Map<string, Set<unknown>>();
  for (const [name, value] of stamps) all.set(name, (all.get(name) ?? new Set()).add(value));
  return Object.fromEntries([...all].map(([name, values]) => [name, [...values]]));
}
