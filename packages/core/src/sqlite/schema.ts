/** The tables of the file and how an older file becomes a newer one: each step once, forwards only, all in one transaction. */
import { CeleriacError } from "../errors.ts";
import type { Connection } from "./connection.ts";

/** Step n leads from version n to n + 1. Steps that were released are never changed. */
const steps: readonly string[] = [
  // 1: messages and who works on them. AUTOINCREMENT: a number never returns, so a stale settlement cannot match.
  `
  create table message (
    id integer primary key autoincrement,
    tag text not null,
    queue text not null,
    rank integer not null,
    due integer,
    claim integer,
    claims integer not null default 0,
    deliveries integer not null default 0,
    begun integer not null default 0,
    waits_since integer not null,
    raw blob not null
  );
  create index ix_ready on message (queue, rank, id) where claim is null and due is null;
  create index ix_due on message (due, queue) where due is not null;
  create index ix_claim on message (claim) where claim is not null;
  create table worker (
    inc integer primary key autoincrement,
    name text not null,
    pid integer not null,
    waiting integer not null default 0,
    watching integer not null default 0
  );
  create table publication (queue text not null, tag text not null, expires integer not null, primary key (queue, tag)) without rowid;
  create index ix_publication_expires on publication (expires);
  `,
  // 2: results. The stamp changes with every write and tells a watcher that there is something new.
  `
  create table result (
    task_id text not null unique,
    state text not null,
    final integer not null,
    attempt integer not null,
    stamp integer not null,
    expires integer,
    text text not null
  );
  create index ix_result_expires on result (expires) where expires is not null;
  `,
  // 3: what only one may do. Tokens come from one counter, so a pruned lease never gives an old token again.
  `
  create table lease (name text primary key, token integer not null, expires integer not null) without rowid;
  create table fence (only integer primary key check (only = 1), token integer not null);
  insert into fence (only, token) values (1, 0);
  create table reservation (key text primary key, owner text not null, expires integer not null) without rowid;
  create index ix_reservation_expires on reservation (expires);
  `,
  // 4: what only so many may do, or only so often. A bucket expires when it is full again; a slot lives as long as its incarnation.
  `
  create table bucket (name text primary key, tokens real not null, at integer not null, expires integer not null) without rowid;
  create index ix_bucket_expires on bucket (expires);
  create table slot (id integer primary key, key text not null, inc integer not null);
  create index ix_slot_key on slot (key);
  `,
  // 5: exchanges. They have no table of their own: one is there as soon as a queue is bound to it.
  `
  create table binding (
    exchange text not null,
    type text not null,
    routing_key text not null,
    queue text not null,
    primary key (exchange, routing_key, queue)
  ) without rowid;
  `,
  // 6: copies of a broadcast: bindings, and with them queues, that end with the consumer they are for.
  `
  alter table binding add column inc integer;
  create index ix_copy on binding (inc) where inc is not null;
  create trigger copies_end after delete on worker when exists (select 1 from binding where inc = old.inc) begin
    delete from message where queue in (select queue from binding where inc = old.inc);
    delete from binding where inc = old.inc;
  end;
  `,
  // 7: queues out of which nothing is taken.
  "create table paused (queue text primary key) without rowid;",
  // 8: what is told to whoever listens at the moment. AUTOINCREMENT: who has heard up to a number misses nothing that comes later.
  `
  create table ear (exchange text not null, inc integer not null, primary key (exchange, inc)) without rowid;
  create trigger ears_end after delete on worker begin
    delete from ear where inc = old.inc;
  end;
  create table broadcast (
    id integer primary key autoincrement,
    exchange text not null,
    routing_key text not null,
    expires integer not null,
    raw blob not null
  );
  `,
  // 9: chords, and what was counted of them. A closed one stays for a while without its parts, so that a member delivered again counts for nothing.
  `
  create table chord (
    id text primary key,
    size integer not null,
    counted integer not null default 0,
    members text not null,
    body text not null,
    alive_at integer not null,
    looked_at integer not null,
    closing_by text,
    closing_until integer,
    closed integer not null default 0,
    expires integer
  );
  create index ix_chord_expires on chord (expires) where expires is not null;
  create index ix_chord_open on chord (looked_at) where not closed;
  create table part (
    chord text not null,
    task text not null,
    position integer,
    state text not null,
    value text not null,
    primary key (chord, task)
  );
  create trigger parts_end after delete on chord begin
    delete from part where chord = old.id;
  end;
  `,
];

export const schemaVersion = steps.length;

/** Brings the file to the newest version. Throws BROKER_LAYOUT when it is newer than this code, STORE_CORRUPT when it holds something else. */
export function migrate(connection: Connection, upTo: number = schemaVersion): void {
  if (versionOf(connection) === upTo) return;
  connection.write(() => {
    const version = versionOf(connection);
    if (version > schemaVersion) {
      throw new CeleriacError(
        "BROKER_LAYOUT",
        `${connection.path} has layout ${version}, this version of Celeriac knows up to ${schemaVersion}: update Celeriac`,
      );
    }
    if (version === 0) connection.execute("create table if not exists celeriac (schema_version integer not null)");
    for (let step = version; step < upTo; step += 1) connection.execute(steps[step]!);
    connection.execute("delete from celeriac");
    connection.execute(`insert into celeriac (schema_version) values (${Math.max(version, upTo)})`);
  });
}

function versionOf(connection: Connection): number {
  const tables = connection.query("select name from sqlite_schema where type = 'table' and name in ('celeriac', 'message')");
  const names = tables.all([]).map(([name]) => name);
  if (!names.includes("celeriac")) {
    if (!names.includes("message")) return 0;
    throw new CeleriacError(
      "STORE_CORRUPT",
      `${connection.path} is a database of something else: it has a table "message" but no "celeriac"`,
    );
  }
  const [row] = connection.query("select schema_version from celeriac").all([]);
  return Number(row?.[0] ?? 0);
}
