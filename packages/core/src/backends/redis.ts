/**
 * The result backend on Redis, in Celery's layout: a key per task, and a notice on the channel of the same name. One connection
 * asks, a second one listens while anybody subscribes.
 */
import type { ResultBackend, ResultRecord, ResultSubscription, StoreOutcome } from "../backend.ts";
import type { DriverContext } from "../driver.ts";
import { BackendError } from "../errors.ts";
import { asking } from "../redis/ask.ts";
import { grouped, type RedisConnection } from "../redis/connection.ts";
import { backendFailure } from "../redis/failure.ts";
import { createLink } from "../redis/link.ts";
import { groupKey, resultArguments, resultKey, storedForm, ttlOf } from "../redis/result-record.ts";
import { redisScript } from "../redis/script.ts";
import { redisFacts } from "../redis/server-facts.ts";
import { parseRedisUrl, type RedisAccess } from "../redis/url.ts";
import { createRedisChords } from "./redis-chords.ts";
import { ResultWatch } from "./redis-watch.ts";

const storeResult = redisScript(import.meta.url, "../redis/keep-result.lua", "../redis/store-result.lua");

/** Throws CONFIG_URL. Connects nothing yet. */
export function createRedisBackend(url: string, context: DriverContext, access?: RedisAccess): ResultBackend {
  const target = parseRedisUrl(url, access, context.credentials);
  const closed = () => new BackendError("BACKEND_UNREACHABLE", `The result backend on Redis at ${target.label} was closed`);
  const link = createLink(target, { clock: context.clock, name: "celeriac:results", holdsProcess: false, closed });
  const ear = createLink(target, { clock: context.clock, name: "celeriac:results-watch", holdsProcess: true, closed });
  const failure = (error: unknown) => backendFailure(error, target.label);
  const ask = asking(link, failure);
  const textOf = (stored: Buffer | null) => (stored === null ? null : context.resultTextOf(stored));
  const watch = new ResultWatch({
    ear,
    context,
    failure,
    read: readTexts,
  });

  async function readTexts(keys: readonly string[]): Promise<readonly (string | null)[]> {
    return (await ask((connection) => readAll(keys, connection))).map(textOf);
  }

  async function readText(key: string): Promise<string | null> {
    return textOf(await ask((connection) => connection.callBytes("GET", key) as Promise<Buffer | null>));
  }

  async function remove(key: string): Promise<void> {
    await ask((connection) => connection.call("DEL", key));
  }

  return {
    replyTo: null,
    chords: createRedisChords({ isCluster: "nodes" in target.place, ask, textOf: context.resultTextOf }),
    connect: () => ask(async () => {}),
    store: (record: ResultRecord): Promise<StoreOutcome> =>
      ask(async (connection) => {
        const stored = await connection.run(storeResult, [resultKey(record.taskId)], resultArguments(record));
        return stored === 1 ? "stored" : "superseded";
      }),
    get: (taskId) => readText(resultKey(taskId)),
    getMany: (taskIds) => readTexts(taskIds.map(resultKey)),
    subscribe: (taskId, listener): Promise<ResultSubscription> => watch.subscribe(resultKey(taskId), listener),
    forget: (taskId) => remove(resultKey(taskId)),
    async saveGroup(record) {
      const ttlMs = ttlOf(record);
      const expiry = ttlMs === 0 ? [] : ["PX", ttlMs];
      await ask((connection) => connection.call("SET", groupKey(record.groupId), storedForm(record), ...expiry));
    },
    restoreGroup: (groupId) => readText(groupKey(groupId)),
    forgetGroup: (groupId) => remove(groupKey(groupId)),
    health: () => ask(async ({ servers }) => void (await Promise.all(servers.map((server) => server.call("PING"))))),
    facts: () => ask((connection) => redisFacts(connection, context.clock)),
    async close() {
      watch.close();
      ear.close();
      link.close();
    },
  };
}

/** Most keys of one command. */
const batchKeys = 1_000;

/** In the order of the keys, wherever they lie. */
async function readAll(keys: readonly string[], connection: RedisConnection): Promise<readonly (Buffer | null)[]> {
  const found = new Map<string, Buffer | null>();
  const read = async (group: readonly string[]) => {
    for (let from = 0; from < group.length; from += batchKeys) {
      const batch = group.slice(from, from + batchKeys);
      const texts = (await connection.callBytes("MGET", ...batch)) as (Buffer | null)[];
      for (const [index, key] of batch.entries()) found.set(key, texts[index] ?? null);
    }
  };
  await Promise.all(grouped(keys, connection).map(read));
  return keys.map((key) => found.get(key) ?? null);
}
