/** Our tables in a PostgreSQL database, and Celery's where they are written: each step once, forwards only, one process at a time. */
import { CeleriacError } from "../errors.ts";
import type { Ask } from "./ask.ts";
import { tablesRefused } from "./failure.ts";

/** Step n leads from version n to n + 1. Steps that were released are never changed. */
const steps: readonly string[] = [
  // 1: results, whose stamp changes with every write, and what only one, or so many, may do. Fencing tokens come from one row: who holds its lock is next.
  `
  create sequence celeriac_stamp;
  create table celeriac_result (
    task_id text primary key,
    state text not null,
    final boolean not null,
    attempt integer not null,
    stamp bigint not null,
    expires_at timestamptz,
    text text not null
  );
  create index celeriac_result_expires on celeriac_result (expires_at) where expires_at is not null;
  create table celeriac_fence (one boolean primary key default true check (one), token bigint not null);
  insert into celeriac_fence (token) values (0);
  create table celeriac_lease (name text primary key, token bigint not null, expires_at timestamptz not null);
  create table celeriac_reservation (key text primary key, owner text not null, expires_at timestamptz not null);
  create index celeriac_reservation_expires on celeriac_reservation (expires_at);
  create table celeriac_bucket (
    name text primary key,
    tokens double precision not null,
    at timestamptz not null,
    expires_at timestamptz not null
  );
  create index celeriac_bucket_expires on celeriac_bucket (expires_at);
  create table celeriac_slot (key text not null, holder text not null, expires_at timestamptz not null, primary key (key, holder));
  `,
  // 2: chords, and what was counted of them. A closed one stays for a day without its parts, so that a member delivered again counts for nothing.
  `
  create table celeriac_chord (
    id text primary key,
    size integer not null,
    counted integer not null default 0,
    members text not null,
    body text not null,
    alive_at bigint not null,
    looked_at bigint not null,
    closing_by text,
    closing_until timestamptz,
    closed boolean not null default false,
    expires_at timestamptz
  );
  create index celeriac_chord_expires on celeriac_chord (expires_at) where expires_at is not null;
  create index celeriac_chord_open on celeriac_chord (looked_at) where not closed;
  create table celeriac_chord_part (
    chord_id text not null references celeriac_chord (id) on delete cascade,
    task_id text not null,
    position bigint,
    state text not null,
    value text not null,
    primary key (chord_id, task_id)
  );
  `,
  // 3: schedules, a row for each app. A removed entry has no definition until another begins to lead.
  `
  create table celeriac_schedule (
    app text primary key,
    revision bigint not null default 0,
    token bigint not null default 0,
    holder text,
    until bigint not null default 0
  );
  create table celeriac_schedule_entry (
    app text not null,
    name text not null,
    revision bigint not null,
    source text,
    definition text,
    digest text,
    timing text,
    paused boolean not null default false,
    since bigint not null,
    last_due bigint,
    last_sent bigint,
    last_id text,
    runs bigint not null default 0,
    primary key (app, name)
  );
  create index celeriac_schedule_entry_revision on celeriac_schedule_entry (app, revision);
  create table celeriac_schedule_stamp (app text not null, id text not null, name text not null, due bigint not null, primary key (app, id));
  `,
];

/** As Celery 5.6 creates it through SQLAlchemy: its own processes must find it as they would have made it. */
const celeryTables = `
  create sequence if not exists task_id_sequence;
  create table if not exists celery_taskmeta (
    id integer not null primary key,
    task_id varchar(155) unique,
    status varchar(50),
    result bytea,
    date_done timestamp without time zone,
    traceback text,
    name varchar(155),
    args bytea,
    kwargs bytea,
    worker varchar(155),
    retries integer,
    queue varchar(155)
  );
`;

/** Tables with a column `expires_at`: those of results, and those of coordinators. */
export const resultTables = ["celeriac_result", "celeriac_chord"] as const;
export const coordinationTables = ["celeriac_lease", "celeriac_reservation", "celeriac_bucket", "celeriac_slot"] as const;

/** Any number that nobody else is likely to lock. */
const lockNumber = 7_236_594_013;

/**
 * Throws BROKER_LAYOUT when the tables are newer than this code. Nothing is written when all is there: so it may be a server that only reads,
 * or a user who may make no tables.
 */
export async function bringUpToDate(ask: Ask, withCeleryTables: boolean, label: string): Promise<void> {
  const [found] = await ask("select to_regclass('celeriac_schema') as ours, to_regclass('celery_taskmeta') as celerys");
  if (found?.["ours"] !== null && (await versionOf(ask, label)) === steps.length && (!withCeleryTables || found?.["celerys"] !== null))
    return;
  await ask("select pg_advisory_xact_lock($1)", [lockNumber]);
  try {
    await makeTables(ask, withCeleryTables, label);
  } catch (error) {
    throw tablesRefused(error);
  }
}

async function makeTables(ask: Ask, withCeleryTables: boolean, label: string): Promise<void> {
  await ask("create table if not exists celeriac_schema (version integer not null)");
  const version = await versionOf(ask, label);
  for (const step of steps.slice(version)) await ask(step);
  if (version === 0) await ask("insert into celeriac_schema (version) values ($1)", [steps.length]);
  else await ask("update celeriac_schema set version = $1", [steps.length]);
  if (withCeleryTables) await ask(celeryTables);
}

async function versionOf(ask: Ask, label: string): Promise<number> {
  const [row] = await ask("select version from celeriac_schema");
  const version = Number(row?.["version"] ?? 0);
  if (version <= steps.length) return version;
  throw new CeleriacError(
    "BROKER_LAYOUT",
    `The tables at ${label} have layout ${version}, this version of Celeriac knows up to ${steps.length}: update Celeriac`,
  );
}
