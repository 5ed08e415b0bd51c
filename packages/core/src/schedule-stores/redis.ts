/** The schedule store on Redis: a hash for each entry, a sorted set of their changes, and the lead as a string that expires. One slot holds all of it. */
import type { DriverContext } from "../driver.ts";
import { BrokerError } from "../errors.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { brokerFailure } from "../redis/failure.ts";
import { createLink } from "../redis/link.ts";
import { redisScript } from "../redis/script.ts";
import { parseRedisUrl, type RedisAccess } from "../redis/url.ts";
import type { Reading, ScheduleStore, Tick } from "../schedule-store.ts";
import { type EntryDefinition, type EntrySource, type StoredEntry, timingOf } from "../stored-entry.ts";

const scripts = Object.freeze({
  lead: redisScript(import.meta.url, "./redis-lead.lua"),
  resign: redisScript(import.meta.url, "./redis-resign.lua"),
  read: redisScript(import.meta.url, "./redis-read-entries.lua"),
  put: redisScript(import.meta.url, "./redis-put-entries.lua"),
  remove: redisScript(import.meta.url, "./redis-remove-entry.lua"),
  pause: redisScript(import.meta.url, "./redis-pause-entry.lua"),
  stamp: redisScript(import.meta.url, "./redis-stamp-ticks.lua"),
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
  const [lead, revision, changed, stamped] = [`${base}:lead`, `${base}:revision`, `${base}:changed`, `${base}:stamped`];
  const entries = `${base}:entry:`;

  async function ask<T>(question: (connection: RedisConnection) => Promise<T>): Promise<T> {
    try {
      return await question(await link.open());
    } catch (error) {
      throw brokerFailure(error, target.label);
    }
  }

  async function readPage(since: string, isFirst: boolean) {
    const [now, ...rows] = (await ask((connection) =>
      connection.run(scripts.read, [revision, changed, entries], [since, page, isFirst ? 1 : 0]),
    )) as [string, ...EntryRow[]];
    return { now: Number(now), rows };
  }

  return {
    lead: (holder, ttlMs) =>
      ask(async (connection) => {
        const ttl = Math.max(1, Math.round(ttlMs));
        const [token, now, at] = (await connection.run(
          scripts.lead,
          [lead, "{celeriac}:lease-token", revision],
          [holder, ttl],
        )) as number[];
        return { token: token === 0 ? null : token!, now: now!, revision: at! };
      }),
    resign: (holder) => ask(async (connection) => void (await connection.run(scripts.resign, [lead], [holder]))),
    async read(since) {
      const found: EntryRow[] = [];
      const first = await readPage(String(since), since === 0);
      let rows = first.rows;
      found.push(...rows);
      while (rows.length === page) {
        rows = (await readPage(rows.at(-1)![1], since === 0)).rows;
        found.push(...rows);
      }
      return readingOf(first.now, found);
    },
    async put(source, definitions) {
      const refused: string[] = [];
      for (let from = 0; from < definitions.length; from += page) {
        const words = definitions.slice(from, from + page).flatMap((each) => [each.name, JSON.stringify(each), timingOf(each)]);
        const names = await ask((connection) => connection.run(scripts.put, [revision, changed, entries], [source, ...words]));
        refused.push(...(names as string[]));
      }
      return refused;
    },
    remove: (source, name) =>
      ask(async (connection) => (await connection.run(scripts.remove, [revision, changed, entries + name], [source, name])) === 1),
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

type Fields = readonly [
  source: EntrySource | null,
  definition: string,
  paused: string | null,
  since: string,
  due: string | null,
  sent: string | null,
  id: string | null,
  runs: string | null,
];
type EntryRow = readonly [name: string, revision: string, fields: Fields];

/** A page that came later may have an entry once more, as it was then. */
function readingOf(revision: number, rows: readonly EntryRow[]): Reading {
  const latest = [...new Map(rows.map((row) => [row[0], row])).values()];
  return {
    revision,
    entries: latest.flatMap(([, , fields]) => (fields[0] === null ? [] : entryOf(fields[0], fields))),
    removed: latest.filter(([, , [source]]) => source === null).map(([name]) => name),
  };
}

function entryOf(source: EntrySource, [, definition, paused, since, due, sent, id, runs]: Fields): StoredEntry {
  return {
    source,
    definition: JSON.parse(definition) as EntryDefinition,
    paused: paused === "1",
    since: Number(since),
    lastDueAt: due === null ? null : Number(due),
    lastSentAt: sent === null ? null : Number(sent),
    lastTaskId: id,
    runs: Number(runs ?? 0),
  };
}

function ticksOf(stamps: Readonly<Record<string, string>>): readonly Tick[] {
  const ticks = Object.entries(stamps).map(([taskId, stamp]) => {
    const end = stamp.indexOf(" ");
    return { taskId, name: stamp.slice(end + 1), dueAt: Number(stamp.slice(0, end)) };
  });
  return ticks.sort((one, other) => one.dueAt - other.dueAt);
}
