/** The private servers of a run. Every measurement gets a place of its own: an empty database, a fresh virtual host or a new file. */
import { join } from "node:path";
import { Redis } from "ioredis";
import { temporaryDirectory } from "../test/support/private-process.ts";
import { type RabbitmqServer, startRabbitmq } from "../test/support/rabbitmq-server.ts";
import { type RedisServer, startRedis } from "../test/support/redis-server.ts";
import type { BrokerName, Who } from "./options.ts";

/** What becomes of results: none are written, they are stored, or the caller waits for each. */
export type ResultUse = "none" | "stored" | "awaited";

export interface Place {
  readonly broker: string;
  /** "disabled" where there are no results */
  readonly backend: string;
  readonly results: boolean;
  /** processes of the servers it lies on */
  readonly pids: readonly number[];
  storedResults(who: Who): Promise<number>;
  remove(): Promise<void>;
}

export interface Servers {
  place(broker: BrokerName, use: ResultUse): Promise<Place>;
  stop(): Promise<void>;
}

export async function startServers(brokers: readonly BrokerName[]): Promise<Servers> {
  const folder = temporaryDirectory("bench");
  // Results of tasks that came over RabbitMQ are stored in Redis, as most do.
  const redis = brokers.some((name) => name !== "sqlite") ? await startRedis() : null;
  const rabbitmq = brokers.includes("amqp") ? await startRabbitmq() : null;
  let places = 0;
  return {
    place(broker, use) {
      const number = ++places;
      if (broker === "redis") return redisPlace(redis!, number, use);
      if (broker === "amqp") return amqpPlace(rabbitmq!, redis!, number, use);
      return sqlitePlace(join(folder.path, `${number}.db`), use);
    },
    async stop() {
      await rabbitmq?.stop();
      await redis?.stop();
      folder.remove();
    },
  };
}

async function redisPlace(server: RedisServer, number: number, use: ResultUse): Promise<Place> {
  const broker = server.url.replace(/\/0$/, `/${number % 4000}`);
  return {
    broker,
    backend: use === "none" ? "disabled" : broker,
    results: use !== "none",
    pids: [server.pid()!],
    storedResults: (who) => resultsInRedis(broker, who),
    remove: () => withRedis(broker, async (redis) => void (await redis.flushall("SYNC"))),
  };
}

async function amqpPlace(server: RabbitmqServer, redis: RedisServer, number: number, use: ResultUse): Promise<Place> {
  const name = `bench-${number}`;
  const kept = redis.url.replace(/\/0$/, `/${number % 4000}`);
  return {
    broker: await server.vhost(name),
    backend: { none: "disabled", stored: kept, awaited: "rpc://" }[use],
    results: use !== "none",
    pids: use === "stored" ? [server.pid()!, redis.pid()!] : [server.pid()!],
    storedResults: (who) => resultsInRedis(kept, who),
    async remove() {
      await server.evaluate(`rabbit_vhost:delete(<<${JSON.stringify(name)}>>, <<"bench">>).`);
      await withRedis(kept, async (client) => void (await client.flushall("SYNC")));
    },
  };
}

async function sqlitePlace(path: string, use: ResultUse): Promise<Place> {
  const broker = `sqlite://${path}`;
  return {
    broker,
    backend: use === "none" ? "disabled" : broker,
    results: use !== "none",
    pids: [],
    async storedResults() {
      const { default: Database } = await import("libsql");
      const database = new Database(path);
      const row = database.prepare("select count(*) as stored from result").get() as { readonly stored: number };
      database.close();
      return row.stored;
    },
    async remove() {},
  };
}

function resultsInRedis(url: string, who: Who): Promise<number> {
  return withRedis(url, async (redis) => {
    if (who === "bullmq") return redis.zcard("bull:bench:completed");
    let found = 0;
    for await (const keys of redis.scanStream({ match: "celery-task-meta-*", count: 10_000 })) found += (keys as string[]).length;
    return found;
  });
}

async function withRedis<T>(url: string, action: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { protocol: 2 });
  try {
    return await action(redis);
  } finally {
    redis.disconnect();
  }
}
