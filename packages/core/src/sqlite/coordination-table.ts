/** Leases, reservations and token buckets of the file. Every function runs inside the caller's transaction. */
import { type BucketRate, takeTokens } from "../token-bucket.ts";
import type { Connection } from "./connection.ts";

export interface CoordinationTable {
  /** The fencing token, or null while another holds the lease. */
  takeLease(name: string, ttlMs: number, now: number): number | null;
  renewLease(name: string, token: number, ttlMs: number, now: number): boolean;
  freeLease(name: string, token: number): void;
  /** Who holds the key now. */
  reserve(key: string, owner: string, ttlMs: number, now: number): string;
  unreserve(key: string, owner: string, now: number): boolean;
  /** 0 when they are taken, else after how many ms they may be there. */
  takeTokens(bucket: string, n: number, rate: BucketRate, now: number): number;
  /** Removes what expired, at most `limit` reservations and as many buckets; gives how many of the kind that had more. */
  prune(now: number, limit: number): number;
}

export function openCoordinationTable(connection: Connection): CoordinationTable {
  const holder = connection.query("select token from lease where name = ? and expires > ?");
  const nextToken = connection.query("update fence set token = token + 1 where only = 1 returning token");
  const take = connection.query(
    "insert into lease (name, token, expires) values (?, ?, ?) on conflict do update set token = excluded.token, expires = excluded.expires",
  );
  const renew = connection.query("update lease set expires = ? where name = ? and token = ? and expires > ?");
  const free = connection.query("delete from lease where name = ? and token = ?");
  const reserve = connection.query(
    `insert into reservation (key, owner, expires) values (?1, ?2, ?3)
     on conflict do update set owner = excluded.owner, expires = excluded.expires
     where reservation.owner = excluded.owner or reservation.expires <= ?4`,
  );
  const owner = connection.query("select owner from reservation where key = ?");
  const unreserve = connection.query("delete from reservation where key = ? and owner = ? and expires > ?");
  const bucket = connection.query("select tokens, at from bucket where name = ? and expires > ?");
  const fill = connection.query("insert or replace into bucket (name, tokens, at, expires) values (?, ?, ?, ?)");
  const pruneLeases = connection.query("delete from lease where expires <= ?");
  const pruneReservations = connection.query(
    "delete from reservation where key in (select key from reservation where expires <= ? order by expires limit ?)",
  );
  const pruneBuckets = connection.query(
    "delete from bucket where name in (select name from bucket where expires <= ? order by expires limit ?)",
  );
  return {
    takeLease(name, ttlMs, now) {
      if (holder.all([name, now]).length > 0) return null;
      const token = Number(nextToken.all([])[0]![0]);
      take.run([name, token, now + ttlMs]);
      return token;
    },
    renewLease: (name, token, ttlMs, now) => renew.run([now + ttlMs, name, token, now]) > 0,
    freeLease: (name, token) => void free.run([name, token]),
    reserve(key, wanted, ttlMs, now) {
      reserve.run([key, wanted, now + ttlMs, now]);
      return String(owner.all([key])[0]![0]);
    },
    unreserve: (key, wanted, now) => unreserve.run([key, wanted, now]) > 0,
    takeTokens(name, n, rate, now) {
      const [row] = bucket.all([name, now]);
      const taken = takeTokens(row === undefined ? null : { tokens: Number(row[0]), at: Number(row[1]) }, n, rate, now);
      if (!taken.taken) return taken.waitMs;
      fill.run([name, taken.bucket.tokens, taken.bucket.at, Math.ceil(taken.fullAt)]);
      return 0;
    },
    prune(now, limit) {
      pruneLeases.run([now]);
      return Math.max(pruneReservations.run([now, limit]), pruneBuckets.run([now, limit]));
    },
  };
}
