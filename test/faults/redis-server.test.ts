/** Redis: what the driver makes of a server that is full, was demoted, or holds much. */
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ResultRecord } from "../../packages/core/src/backend.ts";
import { deliveriesHeader } from "../../packages/core/src/envelope.ts";
import { acknowledge, consume, settle } from "../conformance/broker/world.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { openRedisWorld, type RedisWorld } from "../support/fault/redis-world.ts";
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
    const settlement = { results: [successOf(idOf(sent.envelope))], publish: [publicationTo("next")], then: acknowledge };
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
