/**
 * What the schedule store on PostgreSQL asks for: $1 is the app, all times are the server's, in epoch ms. Each is one statement, so that a beat that is
 * stopped holds no lock; whatever changes entries has the lock on the app's row first, so that revisions come in the order of their changes.
 */

const now = "floor(extract(epoch from clock_timestamp()) * 1000)::bigint";
/** `own` is the app's row. */
const locked = "own as (select app from celeriac_schedule where app = $1 for update)";
/** `token`: of a leader; where another leads, or nobody, it is empty, and nothing is written. */
const revised = (by = "1", token = "null") => `own as (
    insert into celeriac_schedule as known (app, revision) values ($1, ${by})
    on conflict (app) do update set revision = known.revision + excluded.revision
    where ${token}::bigint is null or (known.token = ${token}::bigint and known.holder is not null)
    returning app, revision
  )`;

/** $2 holder, $3 ttl; gives nothing where another leads. */
export const takeLead = `
  insert into celeriac_schedule as known (app, token, holder, until) values ($1, 1, $2, ${now} + $3)
  on conflict (app) do update set
    token = known.token + case when known.holder = $2 and known.until > ${now} then 0 else 1 end, holder = $2, until = excluded.until
  where known.holder is null or known.holder = $2 or known.until <= ${now}
  returning token, revision, ${now} as now`;

export const seeLead = `select revision, ${now} as now from celeriac_schedule where app = $1`;

/** $2 holder */
export const resignLead = "update celeriac_schedule set holder = null where app = $1 and holder = $2";

/** $2 token of who has begun to lead, and knows nothing of before. */
export const sweepRemoved = `
  delete from celeriac_schedule_entry as entry using celeriac_schedule as own
  where own.app = $1 and own.token = $2 and entry.app = own.app and entry.definition is null`;

const fields = "name, source, definition, paused, since, last_due, last_sent, last_id, runs";

/** $2 name */
export const findEntry = `select ${fields} from celeriac_schedule_entry where app = $1 and name = $2 and definition is not null`;

/** $2 revision, $3 limit, $4 the source of which the digest is enough; gives a row without a name where nothing has changed since. */
export const readEntries = `
  select own.revision as at, entry.*
  from celeriac_schedule as own left join lateral (
    select revision, digest, name, source, case when source = $4::text then null else definition end as definition,
      paused, since, last_due, last_sent, last_id, runs
    from celeriac_schedule_entry where app = own.app and revision > $2 order by revision limit $3
  ) as entry on true
  where own.app = $1 order by entry.revision`;

/** $2 source, $3 names, $4 definitions, $5 digests, $6 timings, $7 how many they are, $8 token; gives the names that were not written, with whether it might write. */
export const putEntries = `
  with ${revised("$7::bigint", "$8")},
  given as (select * from unnest($3::text[], $4::text[], $5::text[], $6::text[]) with ordinality as given (name, definition, digest, timing, at)),
  kept as (
    insert into celeriac_schedule_entry as entry (app, name, revision, source, definition, digest, timing, since)
    select own.app, given.name, own.revision - $7::bigint + given.at, $2, given.definition, given.digest, given.timing, ${now} from own, given
    on conflict (app, name) do update set
      revision = excluded.revision, source = excluded.source, definition = excluded.definition, digest = excluded.digest, timing = excluded.timing,
      since = case when entry.definition is null then excluded.since else entry.since end,
      last_due = case when entry.definition is null then null when entry.timing = excluded.timing then entry.last_due else excluded.since end
    where entry.definition is null or entry.source = excluded.source
    returning name
  )
  select name, exists (select from own) as allowed from given where name not in (select name from kept)`;

/** $2 source, $3 name, $4 token; gives a row if it was there, and might be removed. What is left tells a leader that it is gone. */
export const removeEntry = `
  with ${revised("1", "$4")}
  update celeriac_schedule_entry as entry set revision = own.revision, source = null, definition = null, digest = null, timing = null, paused = false,
    last_due = null, last_sent = null, last_id = null, runs = 0
  from own where entry.app = own.app and entry.source = $2 and entry.name = $3 returning entry.name`;

/** $2 name, $3 paused; gives a row if there is such an entry. */
export const pauseEntry = `
  with ${revised()}
  update celeriac_schedule_entry as entry set revision = own.revision, paused = $3,
    last_due = case when entry.paused and not $3 then ${now} else entry.last_due end
  from own where entry.app = own.app and entry.name = $2 and entry.definition is not null returning entry.name`;

/** $2 token, $3 task ids, $4 their entries, $5 their due times, $6 and $7 entries and up to when each is decided; gives nothing where another leads. */
export const stampTicks = `
  with own as (select app from celeriac_schedule where app = $1 and token = $2 and holder is not null for update),
  stamped as (
    insert into celeriac_schedule_stamp as known (app, id, name, due)
    select own.app, tick.* from own, unnest($3::text[], $4::text[], $5::bigint[]) as tick
    on conflict (app, id) do update set name = excluded.name, due = excluded.due
  ),
  decided as (
    update celeriac_schedule_entry as entry set last_due = latest.due
    from own, (select name, max(due) as due from unnest($6::text[], $7::bigint[]) as each (name, due) group by name) as latest
    where entry.app = own.app and entry.name = latest.name
  )
  select app from own`;

/** $2 task ids, $3 when */
export const confirmTicks = `
  with ${locked},
  sent as (delete from celeriac_schedule_stamp as stamp using own where stamp.app = own.app and stamp.id = any ($2::text[]) returning stamp.*)
  update celeriac_schedule_entry as entry set runs = runs + latest.count, last_sent = $3, last_id = latest.id
  from (select name, count(*) as count, (array_agg(id order by due desc))[1] as id from sent group by name) as latest
  where entry.app = $1 and entry.name = latest.name and entry.definition is not null`;

/** $2 task ids */
export const withdrawTicks = "delete from celeriac_schedule_stamp where app = $1 and id = any ($2::text[])";

export const stampedTicks = "select name, due, id from celeriac_schedule_stamp where app = $1 order by due";
