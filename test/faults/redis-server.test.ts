/** Redis: what the driver makes of a server that is full, was demoted, refuses a user, cannot track, or holds keys of others. */
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ResultRecord } from "../../packages/core/src/backend.ts";
import { createRedisBroker } from "../../packages/core/src/brokers/redis/broker.ts";
import { deliveriesHeader } from "../../packages/core/src/envelope.ts";
import { acknowledge, consume, settle } from "../conformance/broker/world.ts";
import { driverContext } from "../support/driver-context.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { openRedisWorld, type RedisWorld } from "../support/fault/redis-world.ts";
import { createNotebook } from "../support/notebook.ts";
import { startRedis } from "../support/redis-server.ts";

let world: RedisWorld;

beforeAll(async () => {
  world = await openRedisWorld();
});
afterEach(async () => {
  await world.client.config("SET", "maxmemory", "0");
  await world.clear();
});
afterAll(() => world.stop());

function successOf(taskId: string): ResultRecord {
  const text = JSON.stringify({ status: "SUCCESS", result: 1, task_id: taskId });
  return { taskId, state: "SUCCESS", attempt: 0, text, expiresMs: 60_000, replyTo: null };
}

/** Nothing that needs memory is allowed until the test is over, or `maxmemory` is 0 again. */
async function fillUp(): Promise<void> {
  await world.client.config("SET", "maxmemory", "1");
}

describe("a server with a replica", () => {
  test("confirms what the replica has, where that is asked for, and else says that it may be lost", async () => {
    const replica = await startRedis({ settings: { replicaof: `127.0.0.1 ${world.server.port}` } });
    try {
      const producer = await world.open({ publishDurability: "replica" });
      const { client } = world;
      await eventually(async () => expect(await client.info("replication")).toContain("state=online"));
      const follower = new Redis(replica.url, { protocol: 2 });
      await Promise.all([producer.publish(publicationTo("q")), producer.publish(publicationTo("q", { guarded: true }))]);
      expect(await follower.llen("q")).toBe(2);
      follower.disconnect();
      process.kill(replica.pid()!, "SIGSTOP");
      await expect(producer.publish(publicationTo("q"))).rejects.toMatchObject({
        code: "PUBLISH_UNCERTAIN",
        message: expect.stringContaining("no replica"),
      });
    } finally {
      await replica.stop();
    }
  });
});

describe("a full server", () => {
  test("keeps a claim whose result it cannot store, and settles it when there is room", async () => {
    const worker = await world.open({ resultUrl: world.server.url });
    const sent = publicationTo("q");
    await worker.publish(sent);
    const { inbox } = await consume(worker, "q");
    const delivery = await inbox.next();
    await fillUp();
    const settlement = { result: successOf(idOf(sent.envelope)), publish: [publicationTo("next")], then: acknowledge };
    await expect(delivery.settle(settlement)).rejects.toMatchObject({ code: "BROKER_REFUSED", message: expect.stringContaining("OOM") });
    expect(Object.keys((await world.claims("q")).fields)).toHaveLength(1);
    expect(await world.client.llen("next")).toBe(0);
    await world.client.config("SET", "maxmemory", "0");
    expect(await delivery.settle(settlement)).toBe("settled");
    expect(await world.client.llen("next")).toBe(1);
    expect((await world.claims("q")).fields).toEqual({});
  });

  test("refuses a publication as one that it does not have", async () => {
    const producer = await world.open();
    await fillUp();
    for (const guarded of [false, true]) {
      await expect(producer.publish(publicationTo("q", { guarded }))).rejects.toMatchObject({ code: "PUBLISH_REJECTED", retryable: true });
    }
  });

  test("is drained: workers start, claim, begin suspects, hand back, acknowledge, stop", async () => {
    const producer = await world.open();
    for (const id of ["one", "two"]) await producer.publish(publicationTo("q", { id }));
    await producer.publish(publicationTo("q", { id: "suspect", headers: { [deliveriesHeader]: 1 } }));
    await fillUp();
    const worker = await world.open();
    const { inbox, consumer } = await consume(worker, "q");
    const [one, two, suspect] = await inbox.take(3);
    expect(await settle(one!)).toBe("settled");
    expect(await settle(two!, { kind: "requeue", counted: false })).toBe("settled");
    expect(await suspect!.begin()).toBe("settled");
    expect(await settle(suspect!)).toBe("settled");
    await inbox.next();
    await consumer.close();
    expect(await world.client.llen("q")).toBe(1);
    expect(await world.client.hkeys("{celeriac}:pulses")).toEqual([]);
  });
});

describe("a server that was made a replica", () => {
  test("is left by its workers without a busy loop, and used again when it is a primary", async () => {
    const worker = await world.open();
    const { consumer, inbox } = await consume(worker, "q", { readAhead: 5 });
    for (let index = 0; index < 20; index++) await worker.publish(publicationTo("q", { id: String(index) }));
    const held = await inbox.take(5);
    await world.client.call("REPLICAOF", "127.0.0.1", "1");
    // It has room for more, and knows that there is more.
    consumer.setReadAhead(10);
    const refused = await Promise.all(held.map((delivery) => settle(delivery).catch((error: { code: string }) => error.code)));
    expect(new Set(refused)).toEqual(new Set(["BROKER_UNREACHABLE"]));
    await eventually(() => inbox.events.includes("disconnected"));
    await world.client.call("REPLICAOF", "NO", "ONE");
    await eventually(() => inbox.events.includes("connected"));
    expect(await Promise.all(held.map((delivery) => settle(delivery)))).toEqual(held.map(() => "settled"));
    expect(inbox.deliveries.length).toBeGreaterThan(5);
  });

  test("has not taken what was published to it", async () => {
    const producer = await world.open();
    await world.client.call("REPLICAOF", "127.0.0.1", "1");
    await expect(producer.publish(publicationTo("q"))).rejects.toMatchObject({ code: "PUBLISH_REJECTED", retryable: true });
    await world.client.call("REPLICAOF", "NO", "ONE");
    await producer.connect();
    await producer.publish(publicationTo("q"));
  });
});

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

test("a purge goes through what is parked in pages", async () => {
  const producer = await world.open();
  const dueAt = Date.now() + 3_600_000;
  await Promise.all(Array.from({ length: 2_500 }, () => producer.publish(publicationTo("q", { dueAt }))));
  await producer.publish(publicationTo("q"));
  await producer.publish(publicationTo("other", { dueAt }));
  expect(await producer.queues.purge("q")).toBe(2_501);
  expect(await world.client.keys("*q*")).toEqual(["_kombu.binding.q"]);
  expect([await world.client.hlen("unacked"), await world.client.zcard("unacked_index")]).toEqual([1, 1]);
  const calls = /^cmdstat_unlink:calls=(\d+)/m.exec(await world.client.info("commandstats"));
  expect(Number(calls?.[1])).toBeGreaterThan(4);
});

describe("a key of somebody else with the name of a list", () => {
  test("costs no message of another queue that was claimed in the same step", async () => {
    const notebook = createNotebook();
    const worker = await world.open({ context: { logger: notebook.logger } });
    await world.client.set("foreign", "not a list");
    await world.client.set("foreign\u0006\u00163", "not a list");
    const { inbox } = await consume(worker, ["mine", "foreign"]);
    for (const id of ["one", "two", "three"]) {
      await worker.publish(publicationTo("mine", { id }));
      const delivery = await inbox.next();
      expect(idOf(delivery.envelope)).toBe(id);
      await settle(delivery);
    }
    await eventually(() => notebook.lines.some(({ level, fields }) => level === "warn" && String(fields["reason"]).includes("foreign")));
  });

  test("does not make a guarded publication pass for one that was taken", async () => {
    const producer = await world.open();
    const publication = publicationTo("q", { guarded: true });
    await world.client.set("q", "not a list");
    await expect(producer.publish(publication)).rejects.toMatchObject({ code: "PUBLISH_REJECTED", retryable: false });
    await world.client.del("q");
    await producer.publish(publication);
    expect(await world.client.llen("q")).toBe(1);
    await producer.publish(publication);
    expect(await world.client.llen("q")).toBe(1);
  });

  test("leaves it open whether a publication to several queues was taken", async () => {
    const producer = await world.open();
    for (const queue of ["q", "foreign"]) await world.client.sadd("_kombu.binding.both", `key\u0006\u0016\u0006\u0016${queue}`);
    await world.client.set("foreign", "not a list");
    const publication = { ...publicationTo("q"), route: { exchange: "both", routingKey: "key" } };
    await expect(producer.publish(publication)).rejects.toMatchObject({ code: "PUBLISH_UNCERTAIN", retryable: false });
    expect(await world.client.llen("q")).toBe(1);
  });

  for (const then of [
    { kind: "requeue", counted: false },
    { kind: "requeue", counted: true },
    { kind: "deadLetter", reason: "test" },
  ] as const) {
    test(`costs no message that goes there (${then.kind}${then.kind === "requeue" && then.counted ? ", counted" : ""}): its claim stands`, async () => {
      const worker = await world.open();
      await worker.publish(publicationTo("q"));
      const { inbox } = await consume(worker, "q");
      const delivery = await inbox.next();
      for (const key of ["q", "q.dead"]) await world.client.set(key, "not a list");
      await expect(settle(delivery, then)).rejects.toMatchObject({ code: "BROKER_REFUSED" });
      expect(Object.keys((await world.claims("q")).fields)).toHaveLength(1);
      await world.client.del("q", "q.dead");
      expect(await settle(delivery, then)).toBe("settled");
    });
  }

  test("costs no message that is due, nor one of a dead worker", async () => {
    const { proxy, url } = await world.openProxy();
    const [dead, other] = [await world.open({ url }), await world.open()];
    await other.publish(publicationTo("q", { id: "claimed" }));
    await other.publish(publicationTo("q", { id: "parked" }));
    const { inbox } = await consume(dead, "q");
    const [, parked] = await inbox.take(2);
    expect(await settle(parked!, { kind: "requeue", counted: false, afterMs: 200 })).toBe("settled");
    await world.client.set("q", "not a list");
    proxy.stall();
    await consume(other, "elsewhere");
    await eventually(async () => expect(await world.client.hkeys("{celeriac}:dead")).toHaveLength(1));
    const heir = await consume(other, "q");
    await eventually(async () => Number(await world.client.zcard("{q}:delay")) === 1);
    await world.client.del("q");
    const again = await heir.inbox.take(2);
    expect(again.map(({ envelope }) => idOf(envelope)).sort()).toEqual(["claimed", "parked"]);
  });
});
