/** The tables of a file of schedules. Every function runs inside the caller's transaction. */
import { CeleriacError } from "../errors.ts";
import type { Page, Pulse, Tick } from "../schedule-store.ts";
import type { DigestedEntry, EntryDefinition, EntrySource, EntryState, StoredEntry, WrittenDefinition } from "../stored-entry.ts";
import type { Connection, Row } from "./connection.ts";

/** Who asks for the lead. */
export interface Candidate {
  readonly holder: string;
  readonly machine: string;
  readonly ttlMs: number;
  readonly now: number;
}

export interface ScheduleTables {
  /** Throws BEAT_STORE_NOT_SHARED where another machine has it. */
  lead(app: string, candidate: Candidate): Pulse;
  resign(app: string, holder: string): void;
  /** `limit` of them at most. */
  read(app: string, since: number, limit: number): Page<StoredEntry>;
  survey(app: string, since: number, limit: number): Page<StoredEntry | DigestedEntry>;
  find(app: string, name: string): StoredEntry | null;
  /** Gives the names that the other source has. */
  put(app: string, source: EntrySource, definitions: readonly WrittenDefinition[], at: number): readonly string[];
  remove(app: string, source: EntrySource, name: string): boolean;
  setPaused(app: string, name: string, paused: boolean, at: number): boolean;
  /** `token`: of who leads, or did. */
  mayWrite(app: string, token: number | undefined): boolean;
  pass(app: string, tick: Pick<Tick, "name" | "dueAt">): void;
  stamp(app: string, tick: Tick): void;
  confirm(app: string, taskId: string, sentAt: number): void;
  withdraw(app: string, taskId: string): void;
  stamped(app: string): readonly Tick[];
}

const layout = 1;

/** Removed entries stay as rows without a definition, so that who leads learns that they are gone; whoever leads next reads all of it, and sweeps them. */
const schema = `
  create table app (name text primary key, revision integer not null, token integer not null, holder text, machine text, until integer not null);
  create table entry (
    app text not null, name text not null, revision integer not null, source text, definition text, digest text, timing text, paused integer not null,
    since integer not null, last_due integer, last_sent integer, last_id text, runs integer not null, primary key (app, name)
  );
  create index ix_entry_revision on entry (app, revision);
  create table stamp (app text not null, id text not null, name text not null, due integer not null, primary key (app, id)) without rowid;
  pragma user_version = ${layout};
`;

/** Makes the tables where they are not there yet. Throws BROKER_LAYOUT for a file of a newer version. */
export function openScheduleTables(connection: Connection): ScheduleTables {
  const version = () => Number(connection.query("pragma user_version").all([])[0]![0]);
  // To take the lock would hold up this thread for as long as somebody else has it.
  if (version() !== layout)
    connection.write(() => {
      if (version() > layout)
        throw new CeleriacError(
          "BROKER_LAYOUT",
          `${connection.path} has layout ${version()}, and this version of Celeriac knows ${layout}`,
        );
      if (version() === 0) connection.execute(schema);
    });
  const addApp = connection.query("insert or ignore into app (name, revision, token, holder, until) values (?, 0, 0, null, 0)");
  const take = connection.query(
    `update app set token = token + (holder is not ?2 or until <= ?4), holder = ?2, until = ?3, machine = ?5
     where name = ?1 and (holder is ?2 or holder is null or until <= ?4)`,
  );
  const standing = connection.query("select token, holder, revision, machine from app where name = ?");
  const free = connection.query("update app set holder = null where name = ? and holder = ?");
  const nextRevision = connection.query("update app set revision = revision + ?2 where name = ?1 returning revision");
  const state = "source, paused, since, last_due, last_sent, last_id, runs";
  const changed = connection.query(
    `select ${state}, name, revision, digest, iif(source = ?4, null, definition) from entry where app = ?1 and revision > ?2 order by revision limit ?3`,
  );
  const found = connection.query(`select ${state}, definition from entry where app = ? and name = ? and definition is not null`);
  const sweep = connection.query("delete from entry where app = ? and definition is null");
  const sourceOf = connection.query("select source from entry where app = ? and name = ? and definition is not null");
  const insert = connection.query(
    `insert into entry (app, name, revision, source, definition, digest, timing, paused, since, runs) values (?, ?, ?, ?, ?, ?, ?, 0, ?, 0)
     on conflict do update set
     revision = excluded.revision, source = excluded.source, definition = excluded.definition, digest = excluded.digest, timing = excluded.timing,
     since = iif(entry.definition is null, excluded.since, entry.since),
     last_due = iif(entry.definition is null, null, iif(entry.timing = excluded.timing, entry.last_due, excluded.since))
     where entry.definition is null or entry.source = excluded.source`,
  );
  const bury = connection.query(
    `update entry set revision = ?3, definition = null, digest = null, source = null, paused = 0, last_due = null, last_sent = null, last_id = null, runs = 0
     where app = ?1 and name = ?2`,
  );
  const pause = connection.query(
    "update entry set last_due = iif(paused and not ?3, ?5, last_due), paused = ?3, revision = ?4 where app = ?1 and name = ?2",
  );
  const pass = connection.query("update entry set last_due = ?3 where app = ?1 and name = ?2");
  const stamp = connection.query("insert or replace into stamp (app, id, name, due) values (?, ?, ?, ?)");
  const ran = connection.query(
    "update entry set last_sent = ?3, last_id = ?2, runs = runs + 1 where app = ?1 and name = (select name from stamp where app = ?1 and id = ?2)",
  );
  const unstamp = connection.query("delete from stamp where app = ? and id = ?");
  const stamps = connection.query("select name, due, id from stamp where app = ? order by due");

  function revise(app: string, by = 1): number {
    addApp.run([app]);
    return Number(nextRevision.all([app, by])[0]![0]);
  }

  function page<E>(app: string, since: number, limit: number, known: EntrySource | null, entryOf: (row: Row) => E): Page<E> {
    const rows = changed.all([app, since, limit, known]);
    const isLast = rows.length < limit;
    return {
      ...{ revision: Number((isLast ? standing.all([app])[0]?.[2] : rows.at(-1)![8]) ?? 0), isLast },
      entries: rows.filter(([source]) => source !== null).map(entryOf),
      removed: rows.filter(([source]) => source === null).map((row) => String(row[7])),
    };
  }

  return {
    lead(app, { holder, machine, ttlMs, now }) {
      addApp.run([app]);
      const [before] = standing.all([app])[0]!;
      take.run([app, holder, now + ttlMs, now, machine]);
      const [token, leader, revision, leaders] = standing.all([app])[0]!;
      if (leader !== holder && leaders !== machine)
        throw new CeleriacError(
          "BEAT_STORE_NOT_SHARED",
          `Schedules in ${connection.path} are sent by a beat on another machine (${leader}), whose locks of the file do not hold here. Keep them where both can reach them: set \`scheduleStore\` to redis:// or db+postgresql://`,
        );
      if (token !== before) sweep.run([app]);
      return { token: leader === holder ? Number(token) : null, now, revision: Number(revision) };
    },
    resign: (app, holder) => void free.run([app, holder]),
    read: (app, since, limit) => page(app, since, limit, null, (row) => storedOf(row, row[10])),
    survey: (app, since, limit) => page(app, since, limit, "code", (row) => (row[10] === null ? digestedOf(row) : storedOf(row, row[10]))),
    find(app, name) {
      const [row] = found.all([app, name]);
      return row === undefined ? null : storedOf(row, row[7]);
    },
    put(app, source, definitions, at) {
      if (definitions.length === 0) return [];
      const first = revise(app, definitions.length) - definitions.length + 1;
      const put = ({ name, text, digest, timing }: WrittenDefinition, nth: number) =>
        insert.run([app, name, first + nth, source, text, digest, timing, at]);
      return definitions.filter((each, nth) => put(each, nth) === 0).map(({ name }) => name);
    },
    remove(app, source, name) {
      if (sourceOf.all([app, name])[0]?.[0] !== source) return false;
      bury.run([app, name, revise(app)]);
      return true;
    },
    setPaused(app, name, paused, at) {
      if (sourceOf.all([app, name]).length === 0) return false;
      pause.run([app, name, paused ? 1 : 0, revise(app), at]);
      return true;
    },
    mayWrite(app, token) {
      if (token === undefined) return true;
      const [row] = standing.all([app]);
      return row !== undefined && row[1] !== null && Number(row[0]) === token;
    },
    pass: (app, { name, dueAt }) => void pass.run([app, name, dueAt]),
    stamp(app, { name, dueAt, taskId }) {
      pass.run([app, name, dueAt]);
      stamp.run([app, taskId, name, dueAt]);
    },
    confirm(app, taskId, sentAt) {
      ran.run([app, taskId, sentAt]);
      unstamp.run([app, taskId]);
    },
    withdraw: (app, taskId) => void unstamp.run([app, taskId]),
    stamped: (app) => stamps.all([app]).map(([name, due, id]) => ({ name: String(name), dueAt: Number(due), taskId: String(id) })),
  };
}

function storedOf(row: Row, definition: unknown): StoredEntry {
  return { ...stateOf(row), definition: JSON.parse(String(definition)) as EntryDefinition };
}

function digestedOf(row: Row): DigestedEntry {
  return { ...stateOf(row), name: String(row[7]), definition: null, digest: row[9] as string | null };
}

function stateOf([source, paused, since, lastDue, lastSent, lastId, runs]: Row): EntryState {
  return {
    source: source as EntrySource,
    paused: paused === 1,
    since: Number(since),
    lastDueAt: lastDue === null ? null : Number(lastDue),
    lastSentAt: lastSent === null ? null : Number(lastSent),
    lastTaskId: lastId === null ? null : String(lastId),
    runs: Number(runs),
  };
}
