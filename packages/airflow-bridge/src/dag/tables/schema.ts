/** The six tables of which DAGs are made: one text, which SQLite and PostgreSQL both take. */

export const tableNames = ["stream", "schedule", "process", "process_group", "dependency", "log"] as const;
export type TableName = (typeof tableNames)[number];

export const defaultPrefix = "control_";

/** A statement for each table and index, in the order in which they can be made. `prefix`: of each name. */
export function tableStatements(prefix: string): readonly string[] {
  return [
    `create table if not exists ${prefix}stream (
  name text not null primary key check (length(name) between 1 and 250),
  description text not null default '',
  enabled boolean not null default true,
  params text not null default '{}',
  max_active_runs integer not null default 16 check (max_active_runs > 0),
  last_good text
)`,
    `create table if not exists ${prefix}schedule (
  stream text not null primary key references ${prefix}stream (name) on delete cascade on update cascade,
  cron text not null,
  timezone text,
  start_at timestamp with time zone,
  end_at timestamp with time zone,
  catch_up boolean not null default false,
  enabled boolean not null default true
)`,
    `create table if not exists ${prefix}process (
  stream text not null references ${prefix}stream (name) on delete cascade on update cascade,
  name text not null check (length(name) between 1 and 200),
  kind text not null check (kind in ('script', 'bash', 'stream')),
  command text not null,
  params text not null default '{}',
  retries integer not null default 0 check (retries >= 0),
  retry_delay_seconds integer not null default 300 check (retry_delay_seconds >= 0),
  timeout_seconds integer check (timeout_seconds > 0),
  pool text,
  priority integer not null default 1,
  enabled boolean not null default true,
  primary key (stream, name)
)`,
    `create table if not exists ${prefix}process_group (
  stream text not null,
  name text not null check (length(name) between 1 and 200),
  process text not null,
  priority integer,
  primary key (stream, name, process),
  foreign key (stream, process) references ${prefix}process (stream, name) on delete cascade on update cascade
)`,
    `create table if not exists ${prefix}dependency (
  stream text not null,
  process text not null,
  depends_on text not null check (depends_on <> process),
  primary key (stream, process, depends_on),
  foreign key (stream, process) references ${prefix}process (stream, name) on delete cascade on update cascade,
  foreign key (stream, depends_on) references ${prefix}process (stream, name) on delete cascade on update cascade
)`,
    `create table if not exists ${prefix}log (
  stream text not null,
  run_id text not null,
  process_group text not null default '',
  process text not null,
  map_index integer not null default -1,
  try_number integer not null check (try_number > 0),
  state text not null,
  started_at timestamp with time zone,
  ended_at timestamp with time zone not null,
  message text,
  primary key (stream, run_id, process_group, process, map_index, try_number)
)`,
    `create index if not exists ${prefix}log_ended on ${prefix}log (ended_at)`,
  ];
}
