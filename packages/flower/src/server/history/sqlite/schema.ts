/** The tables of a history's file, and how an older file becomes a newer one: each step once, forwards only, all in one transaction. */
import { CeleriacError, type Connection } from "@celeriac/core/runtime";
import { bucketColumns } from "../slices.ts";

/** Step n leads from version n to n + 1. Steps that were released are never changed. */
const steps: readonly string[] = [
  // 1. What a list is sorted by is never null ("", 0, and -1 for a runtime, stand for it): so a page can begin behind any row.
  `
  create table task (
    id integer primary key, uuid text not null, name text not null, state text not null, worker text not null, queue text not null,
    timestamp real not null, received real not null, started real not null, sent real not null, runtime real not null,
    succeeded real, failed real, retried real, revoked real, rejected real, lost_at real, clock integer not null, retries integer not null,
    eta text, expires text, client text, exchange text, routing_key text, root_id text, parent_id text,
    exception text, args text, kwargs text, result text, traceback text
  );
  create unique index ix_task_uuid on task (uuid);
  create index ix_task_timestamp on task (timestamp);
  create index ix_task_state on task (state, timestamp);
  create index ix_task_name on task (name, timestamp);
  create index ix_task_worker on task (worker, timestamp);
  create index ix_task_queue on task (queue, timestamp);
  create index ix_task_received on task (received, timestamp);
  create index ix_task_started on task (started);
  create index ix_task_sent on task (sent);
  create index ix_task_runtime on task (runtime);
  create index ix_task_parent on task (parent_id) where parent_id is not null;
  create index ix_task_root on task (root_id) where root_id <> uuid;
  create table event (
    task integer not null, timestamp real not null, subject text not null, clock integer not null, hostname text not null, fields text,
    primary key (task, timestamp, subject, clock, hostname)
  ) without rowid;
  create table worker (hostname text primary key, heard_at real not null, record text not null) without rowid;
  create table slice (
    step integer not null, at integer not null, name text not null, queue text not null, last_at real not null, received integer not null,
    succeeded integer not null, failed integer not null, retried integer not null, revoked integer not null,
    ${bucketColumns.map((column) => `${column} integer not null`).join(", ")},
    primary key (step, at, name, queue)
  ) without rowid;
  create table label (kind text not null, text text not null, primary key (kind, text)) without rowid;
  create table audit (
    id integer primary key, at real not null, user text not null, address text not null, action text not null, target text not null,
    refusal text, details text not null
  );
  create index ix_audit_at on audit (at);
  create table total (tasks integer not null, events integer not null, written_at real);
  insert into total values (0, 0, null);
  `,
];

export const schemaVersion = steps.length;

/** Brings the file to the newest version. Throws BROKER_LAYOUT when it is newer than this code, STORE_CORRUPT when it is a database of something else. */
export function migrate(connection: Connection): void {
  connection.write(() => {
    const version = Number(connection.query("pragma user_version").all([])[0]![0]);
    if (version > schemaVersion) {
      const message = `${connection.path} has layout ${version}, this version of Celeriac knows up to ${schemaVersion}: update Celeriac`;
      throw new CeleriacError("BROKER_LAYOUT", message);
    }
    if (version === 0 && connection.query("select 1 from sqlite_schema limit 1").all([]).length > 0)
      throw new CeleriacError("STORE_CORRUPT", `${connection.path} is a database of something else`);
    for (let step = version; step < schemaVersion; step += 1) connection.execute(steps[step]!);
    connection.execute(`pragma user_version = ${schemaVersion}`);
  });
}
