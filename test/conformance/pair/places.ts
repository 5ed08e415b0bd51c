/** Where the brokers and backends of the pairs are, seen by each role: servers, users and databases are opened when first asked for and shared by all pairs. */
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll } from "vitest";
import { type RedisCluster, startRedisCluster } from "../../support/redis-cluster.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import {
  preparePostgres,
  type RedisRole,
  type Role,
  rabbitmqPermissions,
  redisClusterRules,
  redisRules,
  redisUserUrl,
} from "../../support/roles.ts";
import { amqpUrl, amqpUserUrl, postgresUrl, redisUrl } from "../../support/servers.ts";
import { createSqliteFile } from "../../support/sqlite-file.ts";
import type { BackendKind, BrokerKind } from "./table.ts";

export type RoleUrls = Readonly<Record<Role, string>>;

export interface BrokerPlace {
  readonly urls: RoleUrls;
  /** Takes away all claims on a queue, as whoever recovers those of a dead worker does; gives how many. Absent where claims are not fenced. */
  dropClaims?(queue: string): Promise<number>;
  close(): Promise<void>;
}

export interface BackendPlace {
  /** null: no backend is named */
  readonly urls: RoleUrls | null;
  close(): Promise<void>;
}

const sameForAll = (url: string): RoleUrls => ({ worker: url, producer: url, monitor: url });
const nothing = async () => {};

function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | null = null;
  return () => {
    opened ??= open();
    return opened;
  };
}

async function urlsOf(user: (role: Role) => Promise<string>): Promise<RoleUrls> {
  return { worker: await user("worker"), producer: await user("producer"), monitor: await user("monitor") };
}

const redisUsers = once(async () => {
  const url = await redisUrl();
  return await urlsOf((role) => redisUserUrl(url, role));
});
const vhost = once(async () => {
  const url = await amqpUrl();
  return await urlsOf((role) => amqpUserUrl(url, rabbitmqPermissions(role)));
});
const postgres = once(async () => await preparePostgres(await postgresUrl(), ["results"]));
const otherRedis = once(async () => {
  const server = await startRedis();
  servers.push(server);
  return await urlsOf((role) => redisUserUrl(server.url, `${role}-results`));
});
const cluster = once(async () => {
  const started = await startRedisCluster();
  servers.push(started);
  const userUrl = async (role: RedisRole) => {
    for (const node of started.nodes) await started.clientOf(node).acl("SETUSER", role, ...redisRules(role, role), ...redisClusterRules());
    return started.url.replaceAll("://", `://${role}:${role}@`);
  };
  return { started, urls: await urlsOf(userUrl), resultUrls: await urlsOf((role) => userUrl(`${role}-results`)) };
});
const servers: Pick<RedisServer, "stop">[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

/** The same users on another database of their server. */
function inDatabase(urls: RoleUrls, { pathname }: URL): RoleUrls {
  const move = (url: string) => Object.assign(new URL(url), { pathname }).href;
  return { worker: move(urls.worker), producer: move(urls.producer), monitor: move(urls.monitor) };
}

export async function openBrokerPlace(kind: BrokerKind): Promise<BrokerPlace> {
  switch (kind) {
    case "memory":
      return { urls: sameForAll(`memory://${randomUUID()}`), close: nothing };
    case "sqlite": {
      const file = await createSqliteFile();
      const dropClaims = async (queue: string) =>
        file.rows("delete from message where queue = ? and claim is not null returning id", [queue]).length;
      return { urls: sameForAll(file.url), dropClaims, close: () => file.remove() };
    }
    case "redis": {
      const url = await redisUrl();
      return { urls: inDatabase(await redisUsers(), new URL(url)), dropClaims: (queue) => dropRedisClaims(url, queue), close: nothing };
    }
    case "redis+cluster": {
      const { started, urls } = await cluster();
      return { urls, dropClaims: (queue) => dropClusterClaims(started, queue), close: nothing };
    }
    case "amqp":
      return { urls: await vhost(), close: nothing };
  }
}

async function dropRedisClaims(url: string, queue: string): Promise<number> {
  const client = new Redis(url, { protocol: 2 });
  try {
    return await dropClaimsOn(client, queue);
  } finally {
    client.disconnect();
  }
}

async function dropClusterClaims(cluster: RedisCluster, queue: string): Promise<number> {
  return await dropClaimsOn(cluster.clientOf(await cluster.holderOf(queue)), queue);
}

async function dropClaimsOn(client: Redis, queue: string): Promise<number> {
  let dropped = 0;
  for (const key of await client.keys(`{${queue}}:c:*`)) {
    const claims = (await client.hkeys(key)).filter((field) => /^\d+$/.test(field));
    if (claims.length > 0) dropped += await client.hdel(key, ...claims);
  }
  return dropped;
}

export async function openBackendPlace(kind: BackendKind): Promise<BackendPlace> {
  switch (kind) {
    case "unset":
      return { urls: null, close: nothing };
    case "memory":
      return { urls: sameForAll(`memory://${randomUUID()}`), close: nothing };
    case "sqlite": {
      const file = await createSqliteFile();
      return { urls: sameForAll(`db+sqlite:///${file.path}`), close: () => file.remove() };
    }
    case "redis database":
      return { urls: inDatabase(await redisUsers(), new URL(await redisUrl())), close: nothing };
    case "redis":
      return { urls: await otherRedis(), close: nothing };
    case "redis+cluster":
      return { urls: (await cluster()).resultUrls, close: nothing };
    case "postgres":
      return { urls: await postgres(), close: nothing };
    case "rpc":
      return { urls: sameForAll("rpc://"), close: nothing };
    case "disabled":
      return { urls: sameForAll("disabled"), close: nothing };
  }
}
