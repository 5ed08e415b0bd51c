/** What a worker says when it starts on a server that forgets, evicts, or has another clock. */
import { createApp } from "@celeriac/core";
import { type Clock, systemClock } from "@celeriac/core/runtime";
import { createWorker } from "@celeriac/worker";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { createPostgresBackend } from "../../packages/core/src/backends/postgres.ts";
import { createRedisBroker } from "../../packages/core/src/brokers/redis/broker.ts";
import { celeriac, startCeleriac } from "../support/celeriac-command.ts";
import { driverContext } from "../support/driver-context.ts";
import { projectFolder } from "../support/project-folder.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { postgresUrl, redisUrl } from "../support/servers.ts";

/** Not a measure of speed: a loaded machine is slow. */
const patience = { timeout: 20_000 };

let server: RedisServer;
let admin: Redis;

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url, { protocol: 2 });
});
afterAll(async () => {
  admin?.disconnect();
  await server?.stop();
});

const ahead = (ms: number): Clock => ({ ...systemClock, now: () => systemClock.now() + ms });

/** Starts a worker, and gives what it warned of once it has asked its servers. */
async function warningsOf(broker: string, backend?: string): Promise<object[]> {
  const warnings: object[] = [];
  const logger = {
    debug() {},
    info() {},
    warn: (message: string, fields?: object) => void warnings.push({ message, ...fields }),
    error() {},
  };
  const app = createApp("warned", { broker, backend });
  const worker = createWorker(app, { pool: "inline" }, { logger });
  onTestFinished(async () => {
    await worker.stop();
    await app.close();
  });
  await worker.start();
  return warnings;
}

it("warns once of a Redis that keeps nothing on disk, and says what is lost with it", async () => {
  await admin.config("SET", "save", "");
  await admin.config("SET", "appendonly", "no");
  const warnings = await warningsOf(server.url);
  await expect
    .poll(() => warnings, patience)
    .toEqual([
      expect.objectContaining({
        message: "a server keeps nothing on disk",
        server: "broker",
        software: expect.stringMatching(/^Redis \d/),
        reason: expect.stringContaining("all tasks, and all results that lie with them, are lost"),
      }),
    ]);
  const apart = await warningsOf(server.url, `${server.url.replace("127.0.0.1", "localhost")}`);
  await expect.poll(() => apart.map((each) => (each as { server: string }).server).sort(), patience).toEqual(["broker", "result backend"]);
});

it.each([
  ["writes a log", { save: "", appendonly: "yes" }, true],
  ["saves now and then", { save: "3600 1", appendonly: "no" }, true],
  ["does neither", { save: "", appendonly: "no" }, false],
])("knows a Redis that %s", async (_, settings, persistent) => {
  for (const [name, value] of Object.entries(settings)) await admin.config("SET", name, value);
  const broker = createRedisBroker(server.url, driverContext(), { resultUrl: null });
  await broker.connect();
  expect((await broker.facts()).persistent).toBe(persistent);
  await broker.close();
});

it("does not guess where this user may not ask", async () => {
  await admin.acl("SETUSER", "blind", "on", ">x", "~*", "&*", "+@all", "-config", "-info", "-time");
  const url = Object.assign(new URL(server.url), { username: "blind", password: "x" }).href;
  const broker = createRedisBroker(url, driverContext({ allowEviction: true }), { resultUrl: null });
  await broker.connect();
  expect(await broker.facts()).toEqual({ software: "Redis", skewMs: null, persistent: null });
  await broker.close();
});

it.each([5_000, -5_000])("tells how far the clocks of Redis and PostgreSQL are from one that is %i ms ahead", async (ms) => {
  const broker = createRedisBroker(await redisUrl(), driverContext({ clock: ahead(ms) }), { resultUrl: null });
  await broker.connect();
  const backend = createPostgresBackend(await postgresUrl(), driverContext({ clock: ahead(ms) }), { celeryTables: false });
  for (const { skewMs } of [await broker.facts(), await backend.facts()]) {
    // Less by what the answer took.
    expect(Math.sign(skewMs!)).toBe(-Math.sign(ms));
    expect(Math.abs(skewMs!)).toBeGreaterThan(2_000);
    expect(Math.abs(skewMs!)).toBeLessThanOrEqual(5_100);
  }
  await Promise.all([broker.close(), backend.close()]);
});

it("does not start on a Redis that may evict keys, unless --allow-eviction says so", async () => {
  await admin.config("SET", "maxmemory-policy", "allkeys-lru");
  const folder = projectFolder("evicting", {
    "tasks.js": 'import { createApp } from "celeriac"; export const app = createApp("evicting"); app.task("add", (x, y) => x + y);',
  });
  onTestFinished(() => folder.remove());
  const words = ["-A", "./tasks.js", "-b", server.url];
  const refused = await celeriac(folder.path, [...words, "worker", "-P", "inline"]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/BROKER_EVICTS[\s\S]*--allow-eviction/) });
  const worker = startCeleriac(folder.path, [...words, "worker", "-P", "threads", "-c", "1", "--allow-eviction"]);
  onTestFinished(() => worker.stop());
  await worker.wrote(/worker-online/, 60_000);
  expect(await celeriac(folder.path, [...words, "--allow-eviction", "-q", "call", "add", "1", "2", "-w"])).toMatchObject({ stdout: "3\n" });
});
