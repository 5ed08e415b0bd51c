/** The schedule store on Redis: a hash for each entry, a sorted set of their changes, and the lead as a string that expires. One slot holds all of it. */
import type { DriverContext } from "../driver.ts";
import { BrokerError } from "../errors.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { brokerFailure } from "../redis/failure.ts";
import { createLink } from "../redis/link.ts";
import { redisScript } from "../redis/script.ts";
import { parseRedisUrl, type RedisAccess } from "../redis/url.ts";
import type { ScheduleStore, Tick } from "../schedule-store.ts";
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
  const [lead, stamped] = [`${base}:lead`, `${base}:stamped`];
  const [revision, changed, removed] = [`${base}:revision`, `${base}:changed`, `${base}:removed`];
  const entries = `${base}:entry:`;

  async function ask<T>(question: (connection: RedisConnection) => Promise<T>): Promise<T> {
    try {
      return await question(await link.open());
    } catch (error) {
      throw brokerFailure(error, target.label);
    }
  }

  async function readPage(since: number | string) {
    const [now, gone, ...rows] = (await ask((connection) =>
      connection.run(scripts.read, [revision, changed, removed, entries], [since, page]),
    )) as [string, readonly string[], ...EntryRow[]];
    return { revision: Number(now), gone, rows };
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
    async read(since) {
      const first = await readPage(since);
      const latest = new Map<string, StoredEntry>();
      // A page that came later may have an entry once more, as it was then.
      const take = (rows: readonly EntryRow[]) => {
        for (const [name, , fields] of rows) latest.set(name, entryOf(fields));
      };
      take(first.rows);
      for (let { rows } = first; rows.length === page; take(rows)) ({ rows } = await readPage(rows.at(-1)![1]));
      return { revision: first.revision, entries: [...latest.values()], removed: first.gone };
    },
    async find(name) {
      const fields = (await ask((connection) => connection.call("HMGET", entries + name, ...fieldNames))) as Fields | Missing;
      return fields[0] === null ? null : entryOf(fields);
    },
    async put(source, definitions) {
      const refused: string[] = [];
      for (let from = 0; from < definitions.length; from += page) {
        const words = definitions.slice(from, from + page).flatMap((each) => [each.name, JSON.stringify(each), timingOf(each)]);
        const names = await ask((connection) => connection.run(scripts.put, [revision, changed, removed, entries], [source, ...words]));
        refused.push(...(names as string[]));
      }
      return refused;
    },
    remove: (source, name) =>
      ask(async (connection) => (await connection.run(scripts.remove, [revision, changed, removed, entries + name], [source, name])) === 1),
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

const fieldNames = ["source", "definition", "paused", "since", "due", "sent", "id", "runs"] as const;
type Missing = readonly [source: null, ...unknown[]];
type Fields = readonly [
  source: EntrySource,
  definition: string,
  paused: string | null,
  since: string,
  due: string | null,
  sent: string | null,
  id: string | null,
  runs: string | null,
];
type EntryRow = readonly [name: string, revision: string, fields: Fields];

function entryOf([source, definition, paused, since, due, sent, id, runs]: Fields): StoredEntry {
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
