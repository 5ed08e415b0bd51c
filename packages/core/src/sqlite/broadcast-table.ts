/**
 * What was told a moment ago, for other processes on the file to hear: so many rows and so many seconds at most, and none while nobody
 * listens. Every writing function runs inside the caller's transaction.
 */
import type { Connection } from "./connection.ts";

export interface ToldMessage {
  readonly id: number;
  readonly routingKey: string;
  readonly raw: Uint8Array;
}

export interface BroadcastTable {
  add(exchange: string, routingKey: string, raw: Uint8Array, now: number): void;
  /** The number of the last one so far: numbers never return. */
  last(): number;
  /** What was told after number `id`. */
  after(exchange: string, id: number, now: number): readonly ToldMessage[];
  /** Removes what expired, at most `limit`; gives how many that were. */
  prune(now: number, limit: number): number;
}

/** Whoever listens is woken at once, and looks four times a second anyway. */
const ttlMs = 10_000;
const mostRows = 10_000;

export function openBroadcastTable(connection: Connection): BroadcastTable {
  const insert = connection.query("insert into broadcast (exchange, routing_key, expires, raw) values (?, ?, ?, ?) returning id");
  const trim = connection.query("delete from broadcast where id <= ?");
  const last = connection.query("select seq from sqlite_sequence where name = 'broadcast'");
  const after = connection.query("select id, routing_key, raw from broadcast where id > ? and exchange = ? and expires > ? order by id");
  const prune = connection.query("delete from broadcast where id in (select id from broadcast where expires <= ? limit ?)");
  return {
    add(exchange, routingKey, raw, now) {
      const id = Number(insert.all([exchange, routingKey, now + ttlMs, raw])[0]![0]);
      trim.run([id - mostRows]);
    },
    last: () => Number(last.all([])[0]?.[0] ?? 0),
    after: (exchange, id, now) =>
      after.all([id, exchange, now]).map(([each, routingKey, raw]) => ({
        id: each as number,
        routingKey: routingKey as string,
        // A copy: a buffer of a pool would cross to another thread with all that lies beside it.
        raw: new Uint8Array(raw as Uint8Array),
      })),
    prune: (now, limit) => prune.run([now, limit]),
  };
}
