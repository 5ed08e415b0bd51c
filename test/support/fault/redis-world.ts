/** A private Redis for tests of what the driver makes of its server: brokers with short times, connections that can be cut, and a plain client. */
import { Redis } from "ioredis";
import type { Broker } from "../../../packages/core/src/broker.ts";
import { createRedisBroker } from "../../../packages/core/src/brokers/redis/broker.ts";
import type { RedisTiming } from "../../../packages/core/src/brokers/redis/timing.ts";
import type { DriverContext } from "../../../packages/core/src/driver.ts";
import { driverContext } from "../driver-context.ts";
import { type RedisOptions, type RedisServer, startRedis } from "../redis-server.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";

/** A worker is dead 0.4 to 0.8 s after its last beat. */
const quickTiming: RedisTiming = { pulseMs: 100, deadAfterMs: 400, sweeperMs: 300, lookAgainMs: 200, dueCheckMs: 1_000, silentMs: 2_000 };

export interface RedisWorld {
  readonly server: RedisServer;
  /** Speaks to the server as anybody could. */
  readonly client: Redis;
  /** A URL of the same server whose connections can be cut. */
  openProxy(): Promise<{ readonly proxy: TcpProxy; readonly url: string }>;
  /** Connected; closed with the test. */
  open(options?: OpenOptions): Promise<Broker>;
  /** The only claim hash of a queue's first list, and what is in it but the sentinel. */
  claims(queue: string): Promise<{ readonly key: string; readonly fields: Readonly<Record<string, string>> }>;
  /** Ends what the test has opened. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

export interface OpenOptions {
  readonly url?: string;
  readonly resultUrl?: string | null;
  readonly timing?: Partial<RedisTiming>;
  readonly publishDurability?: "primary" | "replica";
  readonly context?: Partial<DriverContext>;
}

export async function openRedisWorld(options: RedisOptions = {}): Promise<RedisWorld> {
  const server = await startRedis(options);
  const client = new Redis(server.url, { protocol: 2 });
  client.on("error", () => {});
  const ends: (() => Promise<unknown>)[] = [];

  return {
    server,
    client,
    async openProxy() {
      const proxy = await startTcpProxy(server.port);
      ends.push(() => proxy.close());
      return { proxy, url: `redis://127.0.0.1:${proxy.port}/0` };
    },
    async open({ url = server.url, resultUrl = null, timing = {}, context = {}, ...options } = {}) {
      const broker = createRedisBroker(url, driverContext(context), { resultUrl, timing: { ...quickTiming, ...timing }, ...options });
      ends.push(() => broker.close());
      await broker.connect();
      return broker;
    },
    async claims(queue) {
      const keys = await client.keys(`{${queue}}:c:*`);
      const [key] = keys;
      if (keys.length !== 1 || key === undefined)
        throw new Error(`Expected one claim hash of ${queue}, found ${keys.join(", ") || "none"}`);
      const { "@": _, ...fields } = await client.hgetall(key);
      return { key, fields };
    },
    async clear() {
      for (const end of ends.splice(0).reverse()) await end();
      await client.flushall();
    },
    async stop() {
      client.disconnect();
      await server.stop();
    },
  };
}
