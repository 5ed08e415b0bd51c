/** The messages of the file: put in, claimed, put back, removed. Every writing function runs inside the caller's transaction. */
import type { Connection, Row } from "./connection.ts";
import type { NewMessage } from "./operation.ts";

/** A guarded publication is the same message for this long. */
const guardMs = 600_000;
/** Delayed messages freed by one transaction, so that none grows without bound. */
const freedAtOnce = 500;

export interface ClaimedRow {
  readonly id: number;
  readonly deliveries: number;
  readonly redelivered: boolean;
  readonly raw: Uint8Array;
}

export interface MessageTable {
  /** false: a guarded message that is there, or was within the last 10 minutes. */
  insert(message: NewMessage, raw: Uint8Array, now: number): boolean;
  /** The next in line, in order; a suspect comes alone. Empty when `inc` is not known any more, and while the queue is paused. */
  claim(inc: number, queue: string, limit: number): readonly ClaimedRow[];
  isClaimed(inc: number, id: number): boolean;
  remove(inc: number, id: number): boolean;
  /** Back to its place, or there when `due`. */
  putBack(inc: number, id: number, due: number | null, counted: boolean, now: number): boolean;
  markBegun(inc: number, id: number): boolean;
  /** Frees every claim of an incarnation that says goodbye: nothing is counted. */
  handBack(inc: number): number;
  /** Frees the claims of an incarnation but for these. */
  keepOnly(inc: number, ids: readonly number[]): void;
  /** Frees every claim of a dead incarnation: a first time counts, a later one only if the run was marked begun. */
  recover(inc: number): number;
  /** Makes ready what is due; gives the queues it was for. */
  freeDue(now: number): ReadonlySet<string>;
  nextDue(): number | null;
  /** The queues of all messages. */
  names(): readonly string[];
  /** false, too, while the queue is paused. */
  hasReady(queue: string): boolean;
  length(queue: string, now: number): number;
  /** Since when the next in line waits, epoch ms. */
  oldest(queue: string, now: number): number | null;
  peek(queue: string, limit: number, now: number): readonly Uint8Array[];
  purge(queue: string, limit: number): number;
  /** Removes guards that expired, at most `limit`; gives how many that were. */
  prunePublications(now: number, limit: number): number;
}

export function openMessageTable(connection: Connection): MessageTable {
  return { ...openClaims(connection), ...openArrivals(connection), ...openQueues(connection) };
}

type Arrivals = Pick<MessageTable, "insert" | "freeDue" | "nextDue" | "prunePublications">;

function openArrivals(connection: Connection): Arrivals {
  const insert = connection.query("insert into message (tag, queue, rank, due, waits_since, raw) values (?, ?, ?, ?, ?, ?)");
  const guard = connection.query(
    `insert into publication (queue, tag, expires) values (?, ?, ?)
     on conflict do update set expires = excluded.expires where publication.expires <= ?`,
  );
  const free = connection.query(
    `update message set waits_since = due, due = null
     where id in (select id from message where due is not null and due <= ? order by due limit ${freedAtOnce}) returning queue`,
  );
  const nextDue = connection.query("select min(due) from message where due is not null");
  const prune = connection.query(
    "delete from publication where (queue, tag) in (select queue, tag from publication where expires <= ? order by expires limit ?)",
  );
  return {
    insert(message, raw, now) {
      const { tag, queue, rank, due } = message;
      if (message.guarded && guard.run([queue, tag, now + guardMs, now]) === 0) return false;
      insert.run([tag, queue, rank, due !== null && due > now ? due : null, now, raw]);
      return true;
    },
    freeDue: (now) => new Set(free.all([now]).map(([queue]) => queue as string)),
    nextDue: () => numberOrNull(nextDue.all([])[0]),
    prunePublications: (now, limit) => prune.run([now, limit]),
  };
}

type Claims = Pick<MessageTable, "claim" | "isClaimed" | "remove" | "putBack" | "markBegun" | "handBack" | "keepOnly" | "recover">;

function openClaims(connection: Connection): Claims {
  const claim = connection.query(
    `update message set claim = ?1, claims = claims + 1
     where exists (select 1 from worker where inc = ?1) and id in (
       select id from message where queue = ?2 and claim is null and due is null and not exists (select 1 from paused where queue = ?2)
       order by rank, id limit ?3)
     returning rank, id, deliveries, claims, raw`,
  );
  const unclaim = connection.query("update message set claim = null, claims = claims - 1 where id = ? and claim = ?");
  const isClaimed = connection.query("select 1 from message where id = ? and claim = ?");
  const remove = connection.query("delete from message where id = ? and claim = ?");
  const putBack = connection.query(
    `update message set claim = null, begun = 0, due = ?, deliveries = deliveries + ?, waits_since = ? where id = ? and claim = ?`,
  );
  const markBegun = connection.query("update message set begun = 1 where id = ? and claim = ?");
  const handBack = connection.query("update message set claim = null, begun = 0 where claim = ?");
  const keepOnly = connection.query(
    "update message set claim = null, begun = 0 where claim = ?1 and id not in (select value from json_each(?2))",
  );
  const recover = connection.query(
    "update message set claim = null, deliveries = deliveries + (begun or deliveries = 0), begun = 0 where claim = ?",
  );
  return {
    claim(inc, queue, limit) {
      // RETURNING has no order.
      const rows = [...claim.all([inc, queue, limit])].sort(inLine);
      const taken = aloneIfSuspect(rows);
      for (const row of rows.slice(taken.length)) unclaim.run([row[1] as number, inc]);
      return taken.map(([, id, deliveries, claims, raw]) => ({
        id: id as number,
        deliveries: deliveries as number,
        redelivered: (claims as number) > 1 || (deliveries as number) > 0,
        raw: raw as Uint8Array,
      }));
    },
    isClaimed: (inc, id) => isClaimed.all([id, inc]).length > 0,
    remove: (inc, id) => remove.run([id, inc]) > 0,
    putBack: (inc, id, due, counted, now) => putBack.run([due !== null && due > now ? due : null, counted ? 1 : 0, now, id, inc]) > 0,
    markBegun: (inc, id) => markBegun.run([id, inc]) > 0,
    handBack: (inc) => handBack.run([inc]),
    keepOnly: (inc, ids) => void keepOnly.run([inc, JSON.stringify(ids)]),
    recover: (inc) => recover.run([inc]),
  };
}

/** Rows of (rank, id, …). */
function inLine(left: Row, right: Row): number {
  return (left[0] as number) - (right[0] as number) || (left[1] as number) - (right[1] as number);
}

/** The rows before the first suspect, or the suspect alone when it is first. Suspects are rare, so claiming too many costs nothing. */
function aloneIfSuspect(rows: readonly Row[]): readonly Row[] {
  const suspectAt = rows.findIndex((row) => (row[2] as number) > 0);
  if (suspectAt < 0) return rows;
  return rows.slice(0, Math.max(1, suspectAt));
}

type Queues = Pick<MessageTable, "names" | "hasReady" | "length" | "oldest" | "peek" | "purge">;

function openQueues(connection: Connection): Queues {
  const ready = "queue = ?1 and claim is null and due is null";
  // What is due but was not freed yet, because no consumer is there to do it, is ready as well.
  const overdue = "queue = ?1 and due is not null and due <= ?2";
  const hasReady = connection.query(`select 1 from message where ${ready} and not exists (select 1 from paused where queue = ?1) limit 1`);
  const names = connection.query(
    `select queue from message where claim is null and due is null union select queue from message where due is not null
     union select queue from message where claim is not null`,
  );
  const length = connection.query(`select (select count(*) from message where ${ready}) + (select count(*) from message where ${overdue})`);
  const next = (fields: string, limit: string) =>
    `select ${fields} from (
       select * from (select id, rank, waits_since, raw from message where ${ready} order by rank, id limit ${limit})
       union all
       select id, rank, due as waits_since, raw from message where ${overdue}
     ) order by rank, id limit ${limit}`;
  const oldest = connection.query(next("waits_since", "1"));
  const peek = connection.query(next("raw", "?3"));
  const purgeReady = connection.query(`delete from message where id in (select id from message where ${ready} order by rank, id limit ?2)`);
  const purgeDelayed = connection.query(
    "delete from message where id in (select id from message where queue = ?1 and due is not null limit ?2)",
  );
  return {
    names: () => names.all([]).map(([queue]) => queue as string),
    hasReady: (queue) => hasReady.all([queue]).length > 0,
    length: (queue, now) => Number(length.all([queue, now])[0]![0]),
    oldest: (queue, now) => numberOrNull(oldest.all([queue, now])[0]),
    peek: (queue, limit, now) => peek.all([queue, now, limit]).map(([raw]) => raw as Uint8Array),
    purge(queue, limit) {
      const gone = purgeReady.run([queue, limit]);
      return gone < limit ? gone + purgeDelayed.run([queue, limit - gone]) : gone;
    },
  };
}

function numberOrNull(row: Row | undefined): number | null {
  return typeof row?.[0] === "number" ? row[0] : null;
}
