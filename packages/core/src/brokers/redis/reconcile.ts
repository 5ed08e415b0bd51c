/**
 * After a reconnect, or a claim without an answer: what the server holds for an incarnation is compared with what the worker
 * holds. Until that is done nothing is claimed.
 */
import type { RedisConnection } from "../../redis/connection.ts";
import type { RedisDelivery } from "./delivery.ts";
import { claimsKey } from "./keys.ts";
import type { ClaimSettlement } from "./settler.ts";

export interface Books {
  readonly connection: RedisConnection;
  readonly incarnation: string;
  readonly lists: readonly string[];
  /** by claim number */
  readonly held: ReadonlyMap<number, RedisDelivery>;
  readonly settled: ReadonlyMap<number, ClaimSettlement>;
}

export interface Differences {
  /** held by the worker, not by the server */
  readonly gone: readonly RedisDelivery[];
  /** settled here, and yet on the server: a failover forgot it */
  readonly forgotten: readonly ClaimSettlement[];
  /** claimed, and never heard of here */
  readonly unknown: readonly { readonly list: string; readonly n: number; readonly raw: string }[];
}

export async function reconcile(books: Books): Promise<Differences> {
  const { connection, incarnation, lists, held, settled } = books;
  const gone = new Set(held.values());
  const forgotten: ClaimSettlement[] = [];
  const unknown: { list: string; n: number; raw: string }[] = [];
  const keys = lists.map((list) => claimsKey(list, incarnation));
  const fields = (await Promise.all(keys.map((key) => connection.call("HKEYS", key)))) as string[][];
  for (const [index, list] of lists.entries()) {
    for (const n of numbersIn(fields[index] ?? [])) {
      const delivery = held.get(n);
      const settlement = settled.get(n);
      if (delivery !== undefined) gone.delete(delivery);
      else if (settlement !== undefined) forgotten.push(settlement);
      else {
        const raw = (await connection.call("HGET", keys[index] as string, String(n))) as string | null;
        if (raw !== null) unknown.push({ list, n, raw });
      }
    }
  }
  return { gone: [...gone], forgotten, unknown };
}

function numbersIn(fields: readonly string[]): readonly number[] {
  return fields
    .map(Number)
    .filter(Number.isInteger)
    .sort((left, right) => left - right);
}
