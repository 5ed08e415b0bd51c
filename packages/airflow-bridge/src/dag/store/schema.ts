/** The tables of a DAG store, and how older ones become newer: each step once, forwards only, in one transaction. */
import { CeleriacError } from "@celeriac/core/runtime";
import type { InstanceState, RunState } from "../states.ts";
import type { Dialect } from "./sql.ts";

/** What is under way. Statements name these in the same words as the indices do: only then they find them. */
export const activeStates: ReadonlySet<RunState> = new Set(["queued", "running"]);
export const openStates: ReadonlySet<InstanceState> = new Set([
  "queued",
  "running",
  "restarting",
  "up_for_retry",
  "up_for_reschedule",
  "deferred",
]);
export const activeRun = stateIn(activeStates);
export const openInstance = stateIn(openStates);

function stateIn(states: ReadonlySet<string>): string {
  return `state in (${[...states].map((state) => `'${state}'`).join(", ")})`;
}

export const defaultPool = "default_pool";

/** Step n leads from version n to n + 1. Steps that were released are never changed. */
const steps: readonly ((dialect: Dialect, defaultPoolSlots: number) => string)[] = [
  // 1. An instance bears the logical date of its run, for the order in which instances are queued. What has ended is in no index but the keys.
  ({ text }, defaultPoolSlots) => `
  create table celeriac_dag (
    dag_id ${text} not null primary key, is_paused smallint not null,
    next_run_after bigint, next_logical_date bigint, next_interval_start bigint, next_interval_end bigint,
    max_active_runs bigint not null, shape text not null, seen_at bigint not null
  );
  create index celeriac_dag_due on celeriac_dag (next_run_after) where next_run_after is not null and is_paused = 0;
  create table celeriac_dag_run (
    dag_id ${text} not null, run_id ${text} not null, run_type text not null, state text not null,
    logical_date bigint not null, interval_start bigint not null, interval_end bigint not null, run_after bigint not null,
    params text not null, created_at bigint not null, started_at bigint, ended_at bigint, look_at bigint, backfill_id ${text},
    primary key (dag_id, run_id)
  );
  create unique index celeriac_dag_run_scheduled on celeriac_dag_run (dag_id, logical_date) where run_type = 'scheduled';
  create index celeriac_dag_run_of_dag on celeriac_dag_run (dag_id, logical_date);
  create index celeriac_dag_run_date on celeriac_dag_run (logical_date);
  create index celeriac_dag_run_of_backfill on celeriac_dag_run (backfill_id, logical_date) where backfill_id is not null;
  create index celeriac_dag_run_active on celeriac_dag_run (dag_id, backfill_id, state, logical_date) where ${activeRun};
  create index celeriac_dag_run_look on celeriac_dag_run (look_at) where state = 'running';
  create table celeriac_dag_backfill (
    backfill_id ${text} not null primary key, dag_id ${text} not null, from_date bigint not null, to_date bigint not null,
    max_active_runs bigint not null, reprocess text not null, reverse smallint not null, created_at bigint not null
  );
  create index celeriac_dag_backfill_of_dag on celeriac_dag_backfill (dag_id, created_at);
  create table celeriac_dag_instance (
    dag_id ${text} not null, run_id ${text} not null, task_id ${text} not null, map_index bigint not null,
    state text not null, try_number bigint not null, max_tries bigint not null, operator text not null, queue text,
    pool ${text} not null, pool_slots bigint not null, priority_weight bigint not null, external_id ${text}, scheduler ${text},
    requeues bigint not null, hostname text, queued_at bigint, started_at bigint, first_started_at bigint, ended_at bigint,
    heartbeat_at bigint, next_at bigint, reason text, logical_date bigint not null,
    primary key (dag_id, run_id, task_id, map_index)
  );
  create index celeriac_dag_instance_scheduled on celeriac_dag_instance
    (priority_weight desc, logical_date, map_index, dag_id, run_id, task_id) where state = 'scheduled';
  create index celeriac_dag_instance_open on celeriac_dag_instance (state, next_at, pool, pool_slots, dag_id, run_id) where ${openInstance};
  create table celeriac_dag_try (
    dag_id ${text} not null, run_id ${text} not null, task_id ${text} not null, map_index bigint not null, try_number bigint not null,
    state text not null, hostname text, started_at bigint, ended_at bigint not null, reason text,
    primary key (dag_id, run_id, task_id, map_index, try_number)
  );
  create table celeriac_dag_xcom (
    dag_id ${text} not null, run_id ${text} not null, task_id ${text} not null, map_index bigint not null, key ${text} not null,
    value text not null,
    primary key (dag_id, run_id, task_id, map_index, key)
  );
  create table celeriac_dag_pool (name ${text} not null primary key, slots bigint not null, include_deferred smallint not null);
  insert into celeriac_dag_pool (name, slots, include_deferred) values ('${defaultPool}', ${defaultPoolSlots}, 0);
  create table celeriac_dag_scheduler (id ${text} not null primary key, hostname text not null, started_at bigint not null, heartbeat_at bigint not null);
  create table celeriac_dag_connection (
    id ${text} not null primary key, type text not null, host text, login text, password text, port bigint, schema text, extra text not null
  );
  create table celeriac_dag_variable (key ${text} not null primary key, value text not null);
  `,
  // 2. Runs of DAGs that have a log beside the store, which may not tell of all their tries yet.
  ({ text }) => `
  create table celeriac_dag_unlogged (dag_id ${text} not null, run_id ${text} not null, mark text not null, primary key (dag_id, run_id));
  `,
];

export const schemaVersion = steps.length;
export const versionTable = "celeriac_dag_schema";

/** What leads from a version, 0 for none, to the newest. Throws DAG_STORE_VERSION for one that is newer. */
export function stepsFrom(version: number, dialect: Dialect, label: string, defaultPoolSlots: number): readonly string[] {
  if (version > schemaVersion)
    throw new CeleriacError(
      "DAG_STORE_VERSION",
      `The DAG store ${label} has layout ${version}, this version of Celeriac knows up to ${schemaVersion}: update Celeriac`,
    );
  if (version === schemaVersion) return [];
  return [
    `create table if not exists ${versionTable} (version integer not null)`,
    ...steps.slice(version).map((step) => step(dialect, defaultPoolSlots)),
    `delete from ${versionTable}`,
    `insert into ${versionTable} (version) values (${schemaVersion})`,
  ];
}
