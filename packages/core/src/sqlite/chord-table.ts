/** The chords of the file: who is awaited, and what was counted. Every writing function runs inside the caller's transaction. */
import type { ChordCount, CountedPart, QuietChord } from "../chord.ts";
import type { Connection } from "./connection.ts";
import type { NewChord, NewPart } from "./operation.ts";

/** A member may be delivered again for so long after its chord was closed. */
const closedMs = 86_400_000;

export interface ChordTable {
  open(chord: NewChord): void;
  /** false: it is open no more. */
  add(chordId: string, taskId: string, now: number): boolean;
  /** Parts of one chord. */
  count(parts: readonly NewPart[], now: number): ChordCount;
  parts(chordId: string): readonly CountedPart[];
  beginClosing(chordId: string, by: string, forMs: number, now: number): "begun" | "others" | "closed";
  /** false: it was closed before. */
  close(chordId: string, now: number): boolean;
  keepAlive(chordIds: readonly string[], now: number): void;
  takeQuiet(before: number, limit: number, now: number): readonly QuietChord[];
  /** Removes what expired, at most `limit`; gives how many that were. */
  prune(now: number, limit: number): number;
}

export function openChordTable(connection: Connection): ChordTable {
  const open = connection.query(
    `insert into chord (id, size, members, body, alive_at, looked_at, expires) values (?1, ?2, ?3, ?4, ?5, ?5, ?6) on conflict (id) do nothing`,
  );
  const isOpen = connection.query("select size, counted from chord where id = ?1 and not closed and (expires is null or expires > ?2)");
  const grow = connection.query(
    `update chord set size = size + 1, members = json_insert(members, '$[#]', ?2)
     where id = ?1 and not exists (select 1 from json_each(chord.members) where value = ?2)`,
  );
  const add = connection.query("insert into part (chord, task, position, state, value) values (?, ?, ?, ?, ?) on conflict do nothing");
  const counted = connection.query(
    "update chord set counted = counted + ?2, alive_at = max(alive_at, ?3), expires = max(expires, ?4) where id = ?1",
  );
  const parts = connection.query("select task, state, value from part where chord = ? order by position is null, position, rowid");
  const begin = connection.query(
    "update chord set closing_by = ?2, closing_until = ?3 where id = ?1 and not closed and (closing_by is null or closing_by = ?2 or closing_until <= ?4)",
  );
  const close = connection.query("update chord set closed = 1, members = '[]', body = '', expires = ?2 where id = ?1 and not closed");
  const forgetParts = connection.query("delete from part where chord = ?");
  const keepAlive = connection.query(
    "update chord set alive_at = max(alive_at, ?2), expires = max(expires, ?2 + 86400000) where id in (select value from json_each(?1)) and not closed",
  );
  const take = connection.query(
    `update chord set looked_at = ?2, expires = max(expires, ?2 + ${closedMs})
     where id in (select id from chord where not closed and max(alive_at, looked_at) <= ?1 order by looked_at limit ?3)
     returning id, members, body, alive_at`,
  );
  const prune = connection.query(
    "delete from chord where id in (select id from chord where expires is not null and expires <= ? order by expires limit ?)",
  );
  return {
    open({ id, size, members, body, dueAt, expires }) {
      open.run([id, size, JSON.stringify(members), body, dueAt, expires]);
    },
    add(chordId, taskId, now) {
      if (isOpen.all([chordId, now]).length === 0) return false;
      grow.run([chordId, taskId]);
      return true;
    },
    count(all, now) {
      const [first] = all;
      const row = first === undefined ? undefined : isOpen.all([first.chordId, now])[0];
      if (first === undefined || row === undefined) return "closed";
      const added = all.reduce((sum, { chordId, taskId, index, state, value }) => sum + add.run([chordId, taskId, index, state, value]), 0);
      counted.run([first.chordId, added, now, first.expires]);
      return (row[1] as number) + added >= (row[0] as number) ? "complete" : "open";
    },
    parts: (chordId) =>
      parts.all([chordId]).map(([taskId, state, value]) => ({
        taskId: taskId as string,
        state: state as CountedPart["state"],
        value: value as string,
      })),
    beginClosing(chordId, by, forMs, now) {
      if (isOpen.all([chordId, now]).length === 0) return "closed";
      return begin.run([chordId, by, now + forMs, now]) > 0 ? "begun" : "others";
    },
    close(chordId, now) {
      forgetParts.run([chordId]);
      return close.run([chordId, now + closedMs]) > 0;
    },
    keepAlive: (chordIds, now) => void keepAlive.run([JSON.stringify(chordIds), now]),
    takeQuiet: (before, limit, now) =>
      take.all([before, now, limit]).map(([id, members, body, aliveAt]) => ({
        id: id as string,
        members: JSON.parse(members as string) as readonly string[],
        body: body as string,
        aliveAt: aliveAt as number,
      })),
    prune: (now, limit) => prune.run([now, limit]),
  };
}
