/** Redis: what is told of a server that lets nobody in, or is none to keep tasks on. */
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createRedisBroker } from "../../packages/core/src/brokers/redis/broker.ts";
import { consume, settle } from "../conformance/broker/world.ts";
import { driverContext } from "../support/driver-context.ts";
import { publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { openRedisWorld, type RedisWorld } from "../support/fault/redis-world.ts";
import { createNotebook } from "../support/notebook.ts";
import { startRedis } from "../support/redis-server.ts";

let world: RedisWorld;

beforeAll(async () => {
  world = await openRedisWorld();
});
afterEach(() => world.clear());
afterAll(() => world.stop());

describe("a server that refuses", () => {
  async function failureOf(url: string) {
    const broker = createRedisBroker(url, driverContext(), { resultUrl: null });
    const failure = await broker.connect().then(
      () => null,
      (error: Error & { code: string }) => error,
    );
    await broker.close();
    return failure;
  }

  test("more clients says so, and is tried again", async () => {
    const most = ((await world.client.config("GET", "maxclients")) as string[])[1]!;
    await world.client.config("SET", "maxclients", "1");
    try {
      for (const db of [0, 1]) {
        expect(await failureOf(`redis://127.0.0.1:${world.server.port}/${db}`)).toMatchObject({
          code: "BROKER_UNREACHABLE",
          message: expect.stringContaining("max number of clients"),
        });
      }
    } finally {
      await world.client.config("SET", "maxclients", most);
    }
  });

  test("a user names the password as the cause, at once, and shows none", async () => {
    await world.client.call("ACL", "SETUSER", "someone", "reset", "on", ">right", "~*", "&*", "+@all");
    const wrong = await failureOf(world.server.url.replace("//", "//someone:wrong@"));
    expect(wrong).toMatchObject({ code: "BROKER_AUTH", message: expect.stringContaining("WRONGPASS") });
    expect(JSON.stringify([wrong, wrong?.cause, wrong?.stack])).not.toContain(":wrong");
    await world.client.call("ACL", "SETUSER", "default", "off");
    try {
      expect(await failureOf(world.server.url)).toMatchObject({ code: "BROKER_AUTH", message: expect.stringContaining("NOAUTH") });
    } finally {
      await world.client.call("ACL", "SETUSER", "default", "on");
    }
  });

  test("a user who was let in before: the person is told once as an error, and work goes on when it is mended", async () => {
    await world.client.call("ACL", "SETUSER", "someone", "reset", "on", ">right", "~*", "&*", "+@all");
    const notebook = createNotebook();
    const worker = await world.open({ url: world.server.url.replace("//", "//someone:right@"), context: { logger: notebook.logger } });
    const { inbox } = await consume(worker, "q");
    await world.client.call("ACL", "SETUSER", "someone", "resetpass", ">changed");
    await world.client.client("KILL", "USER", "someone");
    const told = () => notebook.lines.filter(({ level, fields }) => level === "error" && String(fields["reason"]).includes("WRONGPASS"));
    await eventually(() => expect(told()).toHaveLength(1));
    await eventually(() => notebook.lines.filter(({ level }) => level === "debug").length > 3);
    expect(told()).toHaveLength(1);
    await world.client.call("ACL", "SETUSER", "someone", "resetpass", ">right");
    await eventually(() => inbox.events.includes("connected"));
    await world.client.call("ACL", "DELUSER", "someone");
  });

  test.each(["tracking", "caching"])("%s to a user is asked for changes instead, and that is said", async (refused) => {
    await world.client.call("ACL", "SETUSER", "someone", "reset", "on", ">right", "~*", "&*", "+@all", `-client|${refused}`);
    const notebook = createNotebook();
    const url = world.server.url.replace("//", "//someone:right@");
    const worker = await world.open({ url, context: { logger: notebook.logger } });
    const { inbox } = await consume(worker, "q");
    expect(notebook.lines.filter(({ level }) => level === "warn").map(({ message }) => message)).toEqual([
      expect.stringContaining("cannot tell when a queue changes"),
    ]);
    await world.client.lpush("q", "{}");
    await eventually(() => inbox.letters.length === 1);
    await worker.publish(publicationTo("q", { id: "one" }));
    expect(await settle(await inbox.next(), { kind: "requeue", counted: false, afterMs: 50 })).toBe("settled");
    expect(await settle(await inbox.next())).toBe("settled");
  });

  test("is one that may evict keys, unless that is allowed", async () => {
    await world.client.config("SET", "maxmemory-policy", "volatile-lru");
    try {
      expect(await failureOf(world.server.url)).toMatchObject({ code: "BROKER_EVICTS", message: expect.stringContaining("volatile-lru") });
      await world.open({ context: { allowEviction: true } });
    } finally {
      await world.client.config("SET", "maxmemory-policy", "noeviction");
    }
  });

  test("is a node of a cluster, before anything is written there", async () => {
    const node = await startRedis({ settings: { "cluster-enabled": "yes" } });
    const client = new Redis(node.url, { protocol: 2 });
    try {
      const cluster = { code: "BROKER_REFUSED", message: expect.stringContaining("Cluster") };
      expect(await failureOf(node.url)).toMatchObject(cluster);
      await client.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
      await eventually(async () => expect(await client.cluster("INFO")).toContain("cluster_state:ok"));
      expect(await failureOf(node.url)).toMatchObject(cluster);
      expect(await client.dbsize()).toBe(0);
    } finally {
      client.disconnect();
      await node.stop();
    }
  });

  test("is one whose keys a newer version laid out", async () => {
    await world.client.set("{celeriac}:layout", "99");
    expect(await failureOf(world.server.url)).toMatchObject({ code: "BROKER_LAYOUT" });
  });
});
