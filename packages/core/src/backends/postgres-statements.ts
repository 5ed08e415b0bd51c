/** What the PostgreSQL backend asks for. Every write tells the channel `celeriac_result` whose result it was. */

export const channel = "celeriac_result";

const ours = "celeriac_result";

/**
 * $1 task id, $2 state, $3 final, $4 attempt, $5 ms to live or null, $6 text; gives a row if it was stored. A final state stands against
 * an older attempt and against its own; SUCCESS stands against all. What expired stands against nothing.
 */
const upsert = `
  insert into ${ours} (task_id, state, final, attempt, stamp, expires_at, text)
  values ($1, $2, $3, $4, nextval('celeriac_stamp'), clock_timestamp() + $5 * interval '1 millisecond', $6)
  on conflict (task_id) do update set
    state = excluded.state, final = excluded.final, attempt = excluded.attempt,
    stamp = nextval('celeriac_stamp'), expires_at = excluded.expires_at, text = excluded.text
  where ${ours}.expires_at <= clock_timestamp()
    or not (${ours}.state = 'SUCCESS'
         or ${ours}.attempt > excluded.attempt
         or (${ours}.final and ${ours}.attempt = excluded.attempt))
  returning task_id`;

export const storeResult = `with stored as (${upsert}) select pg_notify('${channel}', task_id) from stored`;

/**
 * As `storeResult`, and with it the row that Celery would have written: $7 status, $8 result, $9 done at (UTC), $10 traceback. Celery's
 * `id` has no default. What a Python worker has ended is not opened again.
 */
export const storeResultForCelery = `
  with stored as (${upsert}), told as (
    insert into celery_taskmeta as meta (id, task_id, status, result, date_done, traceback)
    select nextval('task_id_sequence'), task_id, $7::varchar, $8::bytea, $9::timestamptz at time zone 'utc', $10::text from stored
    on conflict (task_id) do update set
      status = excluded.status, result = excluded.result, date_done = excluded.date_done, traceback = excluded.traceback
    where excluded.date_done is not null or meta.status not in ('SUCCESS', 'FAILURE', 'REVOKED')
  )
  select pg_notify('${channel}', task_id) from stored`;

export const getResult = `select text from ${ours} where task_id = $1 and (expires_at is null or expires_at > clock_timestamp())`;

/** $1 task ids; gives those there are. */
export const getResults = `
  select task_id, text from ${ours} where task_id = any ($1::text[]) and (expires_at is null or expires_at > clock_timestamp())`;

/** $1 task ids, $2 the stamps that are known of them (or null); gives those that have another now. */
export const changedResults = `
  select task_id, stamp, text from ${ours} join unnest($1::text[], $2::bigint[]) as known (task_id, stamp_known) using (task_id)
  where stamp is distinct from stamp_known and (expires_at is null or expires_at > clock_timestamp())`;

export const forgetResult = `delete from ${ours} where task_id = $1`;

export const forgetResultForCelery = `with gone as (${forgetResult}) delete from celery_taskmeta where task_id = $1`;

/** $1 ms since a task ended; as Celery's own `celery.backend_cleanup`. */
export const cleanUpForCelery =
  "delete from celery_taskmeta where date_done < (clock_timestamp() - $1 * interval '1 millisecond') at time zone 'utc'";
