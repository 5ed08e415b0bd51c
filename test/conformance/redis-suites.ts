/** The suites of broker, result backend, coordinator and schedule store for one way to reach a Redis. */
import { randomUUID } from "node:crypto";
import { Cluster, Redis } from "ioredis";
import { createRedisBackend } from "../../packages/core/src/backends/redis.ts";
import { createRedisBroker } from "../../packages/core/src/brokers/redis/broker.ts";
import { createRedisCoordinator } from "../../packages/core/src/coordinators/redis.ts";
import type { RedisAccess } from "../../packages/core/src/redis/url.ts";
import { createRedisScheduleStore } from "../../packages/core/src/schedule-stores/redis.ts";
import { driverContext } from "../support/driver-context.ts";
import { cutRedisConnections } from "../support/redis-connections.ts";
import { type BackendWorld, describeBackend, describeBackendTransport } from "./backend-suite.ts";
import { type BrokerTraits, type BrokerWorld, describeBroker, describeBrokerTransport } from "./broker-suite.ts";
import { describeCoordinator } from "./coordinator-suite.ts";
import { describeScheduleStore } from "./schedule-store-suite.ts";

export interface RedisWay {
  /** What a user would write, of a database that nobody else uses. */
  readonly url: string;
  readonly access?: RedisAccess;
  /** The same database by plain TCP, for the tests' own client: of its server, or of every node of its cluster. */
  readonly nodes: readonly string[];
  /** What names of queues begin with; "queue-" unless told. */
  readonly queuePrefix?: string;
}

/** `way` is asked once for each world. `settlesResults`: results lie where claims do. */
export function describeRedis(name: string, way: () => Promise<RedisWay>, settlesResults = true): void {
  describeRedisBroker(name, way, settlesResults);
  describeRedisBackend(name, way);
  describeCoordinator(name, async () => {
    const { url, access, nodes } = await way();
    const plainUrl = nodes.length === 1 ? (nodes[0] as string) : url;
    return { open: (timing) => createRedisCoordinator(url, driverContext(), { access, timing }), url: plainUrl, async close() {} };
  });
  describeScheduleStore(name, async () => {
    const { url, access } = await way();
    const own = randomUUID();
    return { open: (app = own) => createRedisScheduleStore(url, app, driverContext(), access), async close() {} };
  });
}

/** What depends on the connection, for another way to reach the same server. */
export function describeRedisTransport(name: string, way: () => Promise<RedisWay>): void {
  describeBrokerTransport(name, () => openBrokerWorld(way), traits(true));
  describeBackendTransport(name, () => openBackendWorld(way));
}

export function describeRedisBroker(name: string, way: () => Promise<RedisWay>, settlesResults = true): void {
  describeBroker(name, () => openBrokerWorld(way), traits(settlesResults));
}

export function describeRedisBackend(name: string, way: () => Promise<RedisWay>): void {
  describeBackend(name, () => openBackendWorld(way));
}

async function openBrokerWorld(way: () => Promise<RedisWay>): Promise<BrokerWorld> {
  const { url, access, nodes, queuePrefix = "queue-" } = await way();
  const ways = access === undefined ? {} : { access, resultAccess: access };
  let queues = 0;
  return {
    open: ({ resultUrl = url, ...options } = {}) => createRedisBroker(url, driverContext(), { resultUrl, ...ways, ...options }),
    queue: () => `${queuePrefix}${++queues}`,
    breakConnections: () => cutRedisConnections(nodes),
    async putUndecodable(queue) {
      const client = nodes.length === 1 ? new Redis(nodes[0] as string, { protocol: 2 }) : new Cluster([...nodes]);
      await client.lpush(`${access?.keyPrefix ?? ""}${queue}`, Buffer.from([0x7b, 0xff, 0x00, 0x22]));
      client.disconnect();
    },
    results: { url, openBackend: () => createRedisBackend(url, driverContext(), access) },
    recoveryMs: 10_000,
    async dispose() {},
  };
}

async function openBackendWorld(way: () => Promise<RedisWay>): Promise<BackendWorld> {
  const { url, access, nodes } = await way();
  return {
    open: () => createRedisBackend(url, driverContext(), access),
    shared: true,
    breakConnections: () => cutRedisConnections(nodes),
    async close() {},
  };
}

function traits(settlesResults: boolean): BrokerTraits {
  return {
    deduplicates: true,
    unsetPriority: "first",
    requeuesCountedAtHead: true,
    knowsAge: false,
    purgesDelayed: true,
    reconnects: true,
    undecodable: true,
    settlesResults,
  };
}
