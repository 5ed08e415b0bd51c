/** What the coordinator on PostgreSQL asks for. All times are the server's. */

const now = "clock_timestamp()";
const inMs = (parameter: string) => `${now} + ${parameter} * interval '1 millisecond'`;

/** $1 name, $2 ttl; gives the token of a lease that was free. The row of tokens is locked until the lease is written, so that they grow with the holders. */
export const takeLease = `
  with next as (
    update celeriac_fence set token = token + 1
    where not exists (select 1 from celeriac_lease where name = $1 and expires_at > ${now}) returning token
  )
  insert into celeriac_lease as lease (name, token, expires_at) select $1, token, ${inMs("$2")} from next
  on conflict (name) do update set token = excluded.token, expires_at = excluded.expires_at where lease.expires_at <= ${now}
  returning token`;

/** $1 name, $2 token, $3 ttl */
export const renewLease = `
  update celeriac_lease set expires_at = ${inMs("$3")} where name = $1 and token = $2 and expires_at > ${now} returning name`;

/** $1 name, $2 token */
export const freeLease = "delete from celeriac_lease where name = $1 and token = $2";

/** $1 key, $2 owner, $3 ttl; gives the holder, or nothing when it was freed in the same moment. */
export const reserve = `
  with ours as (
    insert into celeriac_reservation as held (key, owner, expires_at) values ($1, $2, ${inMs("$3")})
    on conflict (key) do update set owner = excluded.owner, expires_at = excluded.expires_at
    where held.owner = excluded.owner or held.expires_at <= ${now} returning owner
  )
  select owner from ours union all select owner from celeriac_reservation where key = $1 and not exists (select 1 from ours)`;

/** $1 key, $2 owner */
export const unreserve = `delete from celeriac_reservation where key = $1 and owner = $2 and expires_at > ${now} returning key`;

/** What a bucket holds by now, as core/src/token-bucket.ts says: $3 limit, $4 ms to fill. */
const held = `case when bucket.expires_at <= ${now} then $3::float8
  else least($3, bucket.tokens + greatest(0, extract(epoch from ${now} - bucket.at)::float8 * 1000) * $3 / $4) end`;
const full = (tokens: string) => inMs(`(($3 - (${tokens})) * $4 / $3)`);

/** $1 bucket, $2 tokens; gives a row if they were taken. */
export const takeTokens = `
  insert into celeriac_bucket as bucket (name, tokens, at, expires_at)
  values ($1, $3::float8 - $2::float8, ${now}, ${full("$3::float8 - $2::float8")})
  on conflict (name) do update set
    tokens = greatest(0, ${held} - $2), at = ${now}, expires_at = ${full(`${held} - $2`)}
  where $2 - (${held}) <= 1e-9
  returning name`;

/** As `takeTokens`; after how many ms they may be there. */
export const tokensWait = `select ceil(($2::float8 - (${held})) * $4::float8 / $3)::float8 as wait_ms from celeriac_bucket as bucket where name = $1`;

/** Whoever asks for a slot of the key $1 waits for who asked before. */
export const lockSlots = "select pg_advisory_xact_lock(hashtextextended('celeriac_slot' || $1, 0))";

/** $1 key */
export const freeSilentSlots = `delete from celeriac_slot where key = $1 and expires_at <= ${now}`;

/** $1 key, $2 holder, $3 limit, $4 ttl; gives a row if one was free. */
export const takeSlot = `
  insert into celeriac_slot (key, holder, expires_at)
  select $1, $2, ${inMs("$4")} where (select count(*) from celeriac_slot where key = $1) < $3 returning key`;

/** $1 keys, $2 holders, $3 ttl; gives the holders that still have theirs. */
export const renewSlots = `
  update celeriac_slot as slot set expires_at = ${inMs("$3")}
  from unnest($1::text[], $2::text[]) as held (key, holder)
  where slot.key = held.key and slot.holder = held.holder and slot.expires_at > ${now} returning slot.holder`;

/** $1 key, $2 holder */
export const freeSlot = "delete from celeriac_slot where key = $1 and holder = $2";

export const serverTime = `select floor(extract(epoch from ${now}) * 1000)::float8 as ms`;
