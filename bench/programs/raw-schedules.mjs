/** `node raw-schedules.mjs <call as JSON>`: reads the rows that a beat reads, with nothing but the driver, and reads their JSON. Prints one line of JSON. */
import { Redis } from "ioredis";
import Database from "libsql";

const { broker, entries } = JSON.parse(process.argv[2]);
const readers = { redis: readRedis, sqlite: readSqlite };
const from = performance.now();
const definitions = (await readers[new URL(broker).protocol.slice(0, -1)]()).map((text) => JSON.parse(text));
const readMs = performance.now() - from;
if (definitions.length !== entries) throw new Error(`${entries} entries were to be read, and ${definitions.length} were`);
console.log(JSON.stringify({ readMs }));

async function readRedis() {
  const redis = new Redis(broker, { protocol: 2 });
  const base = "{celeriac}:schedules:bench";
  const names = await redis.zrange(`${base}:changed`, 0, -1);
  const texts = [];
  for (let at = 0; at < names.length; at += 1_000) {
    const some = names.slice(at, at + 1_000);
    const pipeline = redis.pipeline();
    for (const name of some) pipeline.hmget(`${base}:entry:${name}`, "source", "paused", "since", "due", "sent", "id", "runs");
    pipeline.hmget(`${base}:definitions`, ...some);
    const replies = await pipeline.exec();
    for (const [error] of replies) if (error) throw error;
    texts.push(...replies.at(-1)[1]);
  }
  redis.disconnect();
  return texts;
}

function readSqlite() {
  const database = new Database(`${broker.slice("sqlite://".length)}-schedules`);
  const rows = database
    .prepare("select name, source, definition, paused, since, last_due, last_sent, last_id, runs from entry where app = 'bench'")
    .raw(true)
    .all();
  database.close();
  return rows.map((row) => row[2]);
}
