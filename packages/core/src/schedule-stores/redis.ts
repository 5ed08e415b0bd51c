/** The schedule store on Redis: a hash for each entry, a sorted set of their changes, and the lead as a string that expires. One slot holds all of it. */
import type { DriverContext } from "../driver.ts";
import { BrokerError } from "../errors.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { brokerFailure } from "../redis/failure.ts";
import { createLink } from "../redis/link.ts";
import { redisScript } from "../redis/script.ts";
import { parseRedisUrl, type RedisAccess } from "../redis/url.ts";
import type { Page, ScheduleStore, Tick } from "../schedule-store.ts";
import {
  type DigestedEntry,
  type EntryDefinition,
  type EntrySource,
  type EntryState,
  type StoredEntry,
  writeDefinition,
} from "../stored-entry.ts";

const scripts = Object.freeze({
  lead: redisScript(import.meta.url, "./redis-lead.lua"),
  resign: redisScript(import.meta.url, "./redis-resign.lua"),
  read: redisScript(import.meta.url, "./redis-read-entries.lua"),
  put: redisScript(import.meta.url, "./redis-may-write.lua", "./redis-put-entries.lua"),
  find: redisScript(import.meta.url, "./redis-find-entry.lua"),
  remove: redisScript(import.meta.url, "./redis-may-write.lua", "./redis-remove-entry.lua"),
  pause: redisScript(import.meta.url, "./redis-pause-entry.lua"),
  stamp: redisScript(import.meta.url, "./redis-may-write.lua", "./redis-stamp-ticks.lua"),
  confirm: redisScript(import.meta.url, "./redis-confirm-ticks.lua"),
});

/** So many entries at a time: a script holds up everybody else. */
const page = 500;

/** Throws CONFIG_URL. Connects on first use. */
export function createRedisScheduleStore(url: string, app: string, context: DriverContext, access?: RedisAccess): ScheduleStore {
  const target = parseRedisUrl(url, access, context.credentials);
  const closed = () => new BrokerError("BROKER_CLOSED", `The schedule store on Redis at ${target.label} was closed`);
  const link = createLink(target, { clock: context.clock, name: "celeriac:schedules", holdsProcess: false, closed });
  const base = `{celeriac}:schedules:${app}`;
  const [lead, stamped] = [`${base}:lead`, `${base}:stamped`];
  const [revision, changed, removed] = [`${base}:revision`, `${base}:changed`, `${base}:removed`];
  const [definitions, entries] = [`${base}:definitions`, `${base}:entry:`];

  async function ask<T>(question: (connection: RedisConnection) => Promise<T>): Promise<T> {
    try {
      return await question(await link.open());
    } catch (error) {
      throw brokerFailure(error, target.label);
    }
  }

  /** `entryOf`: takes the definition of an entry that is not of the source `known`. */
  async function readPage<E>(
    since: number,
    known: EntrySource | "",
    entryOf: (row: EntryRow, nextDefinition: () => string) => E,
  ): Promise<Page<E>> {
    const keys = [revision, changed, removed, definitions, entries];
    const reply = await ask((connection) => connection.run(scripts.read, keys, [since, page, known]));
    const [now, isLast, gone, rows, texts] = reply as [string, number, readonly string[], string, readonly string[]];
    const asked = texts.values();
    const nextDefinition = () => asked.next().value as string;
    const found = (JSON.parse(rows) as readonly EntryRow[]).map((row) => entryOf(row, nextDefinition));
    return { revision: Number(now), isLast: isLast === 1, entries: found, removed: gone };
  }

  return {
    local: async () => null,
    lead: (holder, ttlMs) =>
      ask(async (connection) => {
        const ttl = Math.max(1, Math.round(ttlMs));
        const [token, now, at] = (await connection.run(
          scripts.lead,
          [lead, "{celeriac}:lease-token", revision, removed],
          [holder, ttl],
        )) as number[];
        return { token: token === 0 ? null : token!, now: now!, revision: at! };
      }),
    resign: (holder) => ask(async (connection) => void (await connection.run(scripts.resign, [lead], [holder]))),
    read: (since) => readPage(since, "", (row, next) => storedOf(row, next())),
    survey: (since) => readPage(since, "code", (row, next) => (row[0] === "code" ? digestedOf(row) : storedOf(row, next()))),
    async find(name) {
      const row = await ask((connection) => connection.run(scripts.find, [definitions, entries + name], [name]));
      if (row === null) return null;
      const [definition, ...fields] = row as [string, ...EntryRow];
      return storedOf(fields, definition);
    },
    async put(source, given, token = 0) {
      const refused: string[] = [];
      for (let from = 0; from < given.length; from += page) {
        const some = given.slice(from, from + page).map(writeDefinition);
        const words = some.flatMap(({ name, text, digest, timing }) => [name, text, digest, timing]);
        const keys = [lead, revision, changed, removed, definitions, entries];
        const names = await ask((connection) => connection.run(scripts.put, keys, [token, source, ...words]));
        if (names === 0) return "lost";
        refused.push(...(names as string[]));
      }
      return refused;
    },
    remove: (source, name, token = 0) =>
      ask(async (connection) => {
        const keys = [lead, revision, changed, removed, definitions, entries + name];
        return (await connection.run(scripts.remove, keys, [token, source, name])) === 1;
      }),
    setPaused: (name, paused) =>
      ask(async (connection) => (await connection.run(scripts.pause, [revision, changed, entries + name], [name, paused ? 1 : 0])) === 1),
    stamp: (token, ticks, passed) =>
      ask(async (connection) => {
        const words = [
          ...ticks.flatMap(({ taskId, name, dueAt }) => [taskId, name, dueAt]),
          ...passed.flatMap(({ name, dueAt }) => [name, dueAt]),
        ];
        const done = await connection.run(scripts.stamp, [lead, stamped, entries], [token, ticks.length, ...words]);
        return done === 1 ? "stamped" : "lost";
      }),
    confirm: (taskIds, sentAt) =>
      ask(async (connection) => void (await connection.run(scripts.confirm, [stamped, entries], [sentAt, ...taskIds]))),
    async withdraw(taskIds) {
      if (taskIds.length > 0) await ask((connection) => connection.call("HDEL", stamped, ...taskIds));
    },
    stamped: () => ask(async (connection) => ticksOf((await connection.call("HGETALL", stamped)) as Readonly<Record<string, string>>)),
    async close() {
      link.close();
    },
  };
}

/** What has no value is null, or in JSON of Lua's false. */
type Value = string | null | false;
type EntryRow = readonly [
  source: EntrySource,
  digest: Value,
  paused: Value,
  since: string,
  due: Value,
  sent: Value,
  id: Value,
  runs: Value,
  name: string,
];

function storedOf(row: EntryRow, definition: string): StoredEntry {
  return { ...stateOf(row), definition: JSON.parse(definition) as EntryDefinition };
}

function digestedOf(row: EntryRow): DigestedEntry {
  return { ...stateOf(row), name: row[8], definition: null, digest: row[1] || null };
}

function stateOf([source, , paused, since, due, sent, id, runs]: EntryRow): EntryState {
  return {
    source,
    paused: paused === "1",
    since: Number(since),
    lastDueAt: due ? Number(due) : null,
    lastSentAt: sent ? Number(sent) : null,
    lastTaskId: id || null,
    runs: Number(runs || 0),
  };
}

function ticksOf(stamps: Readonly<Record<string, string>>): readonly Tick[] {
  const ticks = Object.entries(stamps).map(([taskId, stamp]) => {
    const end = stamp.indexOf(" ");
    return { taskId, name: stamp.slice(end + 1), dueAt: Number(stamp.slice(0, end)) };
  });
  return ticks.sort((one, other) => one.dueAt - other.dueAt);
}
