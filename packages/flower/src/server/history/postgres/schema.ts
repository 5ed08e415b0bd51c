/** The tables of a history in PostgreSQL, and how older ones become newer: each step once, forwards only, one process at a time. */
import { type Ask, CeleriacError, postgresTablesRefused } from "@celeriac/core/runtime";
import { bucketColumns, counts } from "../slices.ts";

/**
 * Step n leads from version n to n + 1. Steps that were released are never changed. Texts are compared by their bytes, and what a list is sorted by
 * is never null, as in the file: see `task-row.ts`.
 */
const steps: readonly string[] = [
  // 1. celeriac_history has one row: who holds its lock writes. A number of events is a double: who tells them may say any.
  `
  create table celeriac_history (
    one boolean primary key default true check (one), version bigint not null, next_id bigint not null,
    tasks bigint not null, events bigint not null, bytes double precision not null, written_at double precision
  );
  insert into celeriac_history (version, next_id, tasks, events, bytes) values (0, 1, 0, 0, 0);
  create table celeriac_history_task (
    id bigint primary key, size double precision not null,
    uuid text collate "C" not null, name text collate "C" not null, state text collate "C" not null,
    worker text collate "C" not null, queue text collate "C" not null,
    timestamp double precision not null, received double precision not null, started double precision not null,
    sent double precision not null, runtime double precision not null,
    succeeded double precision, failed double precision, retried double precision, revoked double precision,
    rejected double precision, lost_at double precision, clock double precision not null, retries double precision not null,
    eta text, expires text, client text, exchange text, routing_key text,
    root_id text collate "C", parent_id text collate "C",
    exception text collate "C", args text collate "C", kwargs text collate "C", result text collate "C", traceback text
  ) with (fillfactor = 70);
  create unique index celeriac_history_task_uuid on celeriac_history_task (uuid);
  create index celeriac_history_task_timestamp on celeriac_history_task (timestamp, id);
  create index celeriac_history_task_state on celeriac_history_task (state, timestamp, id);
  create index celeriac_history_task_name on celeriac_history_task (name, timestamp, id);
  create index celeriac_history_task_worker on celeriac_history_task (worker, timestamp, id);
  create index celeriac_history_task_queue on celeriac_history_task (queue, timestamp, id);
  create index celeriac_history_task_received on celeriac_history_task (received, id);
  create index celeriac_history_task_started on celeriac_history_task (started, id);
  create index celeriac_history_task_sent on celeriac_history_task (sent, id);
  create index celeriac_history_task_runtime on celeriac_history_task (runtime, id);
  create index celeriac_history_task_parent on celeriac_history_task (parent_id) where parent_id is not null;
  create index celeriac_history_task_root on celeriac_history_task (root_id) where root_id <> uuid;
  create table celeriac_history_event (
    task bigint not null, timestamp double precision not null, subject text collate "C" not null, clock double precision not null,
    hostname text collate "C" not null, fields text,
    primary key (task, timestamp, subject, clock, hostname)
  );
  create table celeriac_history_worker (hostname text collate "C" primary key, heard_at double precision not null, record text not null);
  create table celeriac_history_slice (
    step integer not null, at double precision not null, name text collate "C" not null, queue text collate "C" not null,
    last_at double precision not null, ${[...counts, ...bucketColumns].map((column) => `${column} bigint not null`).join(", ")},
    primary key (step, at, name, queue)
  );
  create table celeriac_history_label (kind text not null, label text collate "C" not null, primary key (kind, label));
  create table celeriac_history_audit (
    id bigint generated always as identity primary key, at double precision not null, who text not null, address text not null,
    action text not null, target text not null, refusal text, details text not null
  );
  create index celeriac_history_audit_at on celeriac_history_audit (at);
  create table celeriac_history_change (
    version bigint primary key, monitor text not null, at timestamptz not null default clock_timestamp(),
    tasks text[] not null, workers text[] not null
  );
  `,
];

/** Any number that nobody else is likely to lock. */
const lockNumber = 4_071_935_228;

/** Throws BROKER_LAYOUT when the tables are newer than this code. Nothing is written when all is there. */
export async function bringUpToDate(ask: Ask, label: string): Promise<void> {
  if ((await versionOf(ask, label)) === steps.length) return;
  await ask("select pg_advisory_xact_lock($1)", [lockNumber]);
  try {
    await ask("create table if not exists celeriac_history_schema (version integer not null)");
    const version = await versionOf(ask, label);
    for (const step of steps.slice(version)) await ask(step);
    await ask("delete from celeriac_history_schema");
    await ask("insert into celeriac_history_schema (version) values ($1)", [steps.length]);
  } catch (error) {
    throw postgresTablesRefused(error);
  }
}

async function versionOf(ask: Ask, label: string): Promise<number> {
  const [found] = await ask("select to_regclass('celeriac_history_schema') as ours");
  if (found?.["ours"] == null) return 0;
  const [row] = await ask("select version from celeriac_history_schema");
  const version = Number(row?.["version"] ?? 0);
  if (version <= steps.length) return version;
  const message = `The history at ${label} has layout ${version}, this version of Celeriac knows up to ${steps.length}: update Celeriac`;
  throw new CeleriacError("BROKER_LAYOUT", message);
}
