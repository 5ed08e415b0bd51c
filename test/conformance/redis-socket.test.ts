import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { temporaryDirectory } from "../support/private-process.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { describeRedisTransport } from "./redis-suites.ts";

const folder = temporaryDirectory("socket");
const path = join(folder.path, "redis.sock");
let server: RedisServer;
beforeAll(async () => {
  server = await startRedis({ settings: { unixsocket: path } });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

let databases = 0;
describeRedisTransport("redis by a unix socket", async () => {
  const db = ++databases;
  return { url: `redis+socket://${path}?virtual_host=${db}`, nodes: [`redis://127.0.0.1:${server.port}/${db}`] };
});
