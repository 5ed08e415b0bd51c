/** Chords in PostgreSQL: who is awaited, and what was counted. Each step is one statement, or one transaction. */
import type { ChordCount, ChordPart, ChordStart, ChordStore, CountedPart, QuietChord } from "../chord.ts";
import type { Row } from "../postgres/ask.ts";
import type { Database } from "../postgres/database.ts";

/** A chord that somebody looks at is kept for so long; and a closed one, because a member may be delivered again. */
const kept = "interval '1 day'";

/** $1 id, $2 size, $3 members, $4 body, $5 due, $6 ms to live or null */
const openChord = `
  insert into celeriac_chord (id, size, members, body, alive_at, looked_at, expires_at)
  values ($1, $2, $3, $4, $5, $5, clock_timestamp() + $6 * interval '1 millisecond') on conflict (id) do nothing`;

const isOpen = "not closed and (expires_at is null or expires_at > clock_timestamp())";

/** $1 id, $2 tasks, $3 positions, $4 states, $5 values: those that were not counted before, while the chord is open; its row stays locked. */
const addParts = `
  with chord as (select id from celeriac_chord where id = $1 and ${isOpen} for update)
  insert into celeriac_chord_part (chord_id, task_id, position, state, value)
  select chord.id, part.* from chord, unnest($2::text[], $3::bigint[], $4::text[], $5::text[]) as part
  on conflict (chord_id, task_id) do nothing returning task_id`;

/** $1 id, $2 how many were added, $3 ms to live or null */
const countParts = `
  update celeriac_chord set counted = counted + $2, alive_at = greatest(alive_at, extract(epoch from clock_timestamp()) * 1000),
    expires_at = case when $3::double precision is null then null
      else greatest(expires_at, clock_timestamp() + $3 * interval '1 millisecond') end
  where id = $1 and ${isOpen} returning counted >= size as complete`;

/** $1 id, $2 task */
const addMember = `
  update celeriac_chord set size = size + 1, members = (members::jsonb || to_jsonb($2::text))::text
  where id = $1 and ${isOpen} and not members::jsonb @> to_jsonb($2::text) returning id`;

const partsOf = "select task_id, state, value from celeriac_chord_part where chord_id = $1 order by position nulls last, task_id";

/** $1 id, $2 who, $3 ms */
const beginClosing = `
  update celeriac_chord set closing_by = $2, closing_until = clock_timestamp() + $3 * interval '1 millisecond'
  where id = $1 and ${isOpen} and (closing_by is null or closing_by = $2 or closing_until <= clock_timestamp()) returning id`;

const findOpen = `select 1 from celeriac_chord where id = $1 and ${isOpen}`;

const endClosing = `
  with gone as (delete from celeriac_chord_part where chord_id = $1)
  update celeriac_chord set closed = true, members = '[]', body = '', expires_at = clock_timestamp() + ${kept} where id = $1 and not closed`;

const keepAlive = "update celeriac_chord set alive_at = greatest(alive_at, $2) where id = any ($1::text[]) and not closed";

/** $1 epoch ms before which it lived and was looked at, $2 now, $3 limit */
const takeQuiet = `
  update celeriac_chord set looked_at = $2, expires_at = greatest(expires_at, clock_timestamp() + ${kept})
  where id in (select id from celeriac_chord where ${isOpen} and greatest(alive_at, looked_at) <= $1 order by looked_at limit $3 for update skip locked)
  returning id, members, body, alive_at`;

/** `translated`: gives the errors of a backend. */
export function createPostgresChords(database: Database, translated: <T>(answer: Promise<T>) => Promise<T>): ChordStore {
  const write = (sql: string, values: readonly unknown[]): Promise<readonly Row[]> => translated(database.write(sql, values));

  async function count(parts: readonly ChordPart[]): Promise<ChordCount> {
    const [first] = parts;
    if (first === undefined) return "closed";
    await database.ready();
    const columns = [
      parts.map(({ taskId }) => taskId),
      parts.map(({ index }) => index),
      parts.map(({ state }) => state),
      parts.map(({ value }) => value),
    ];
    return await database.transaction(async (ask) => {
      const added = await ask(addParts, [first.chordId, ...columns]);
      const [row] = await ask(countParts, [first.chordId, added.length, first.expiresMs]);
      if (row === undefined) return "closed";
      return row["complete"] === true ? "complete" : "open";
    });
  }

  return {
    async open({ id, size, members, body, dueAt, expiresMs }: ChordStart) {
      await write(openChord, [id, size, JSON.stringify(members), body, dueAt, expiresMs]);
    },
    async add(chordId, taskId) {
      if ((await write(addMember, [chordId, taskId])).length > 0) return true;
      return (await translated(database.ask(findOpen, [chordId]))).length > 0;
    },
    count: (parts) => translated(count(parts)),
    async parts(chordId) {
      const rows = await translated(database.ask(partsOf, [chordId]));
      return rows.map((row) => ({
        taskId: String(row["task_id"]),
        state: String(row["state"]) as CountedPart["state"],
        value: String(row["value"]),
      }));
    },
    async beginClosing(chordId, by, forMs) {
      if ((await write(beginClosing, [chordId, by, forMs])).length > 0) return "begun";
      return (await translated(database.ask(findOpen, [chordId]))).length > 0 ? "others" : "closed";
    },
    async endClosing(chordId) {
      await write(endClosing, [chordId]);
    },
    async keepAlive(chordIds, nowMs) {
      await write(keepAlive, [chordIds, nowMs]);
    },
    async takeQuiet({ nowMs, everyMs, limit }): Promise<readonly QuietChord[]> {
      const rows = await write(takeQuiet, [nowMs - everyMs, nowMs, limit]);
      return rows.map((row) => ({
        id: String(row["id"]),
        members: JSON.parse(String(row["members"])) as readonly string[],
        body: String(row["body"]),
        aliveAt: Number(row["alive_at"]),
      }));
    },
  };
}
