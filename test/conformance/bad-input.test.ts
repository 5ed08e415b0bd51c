/** Bad input of every kind, on each broker: one clear error with a code, nothing lost, and the worker goes on. */
import { createApp } from "@celeriac/core";
import { deadLetterQueue, deathHeader, runtimeOf } from "@celeriac/core/runtime";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEnvelope } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { places } from "../support/fault/places.ts";
import { createFaultWorld, type FaultWorker, type FaultWorld } from "../support/fault/world.ts";
import { freePort } from "../support/free-port.ts";
import { hostileMessages } from "../support/hostile.ts";
import { amqpUrl, redisUrl } from "../support/servers.ts";

async function codeOf(call: Promise<unknown>): Promise<{ readonly code: unknown; readonly message: string }> {
  const error = await call.then(
    () => expect.unreachable("it should have been refused"),
    (reason: unknown) => reason as { readonly code?: unknown; readonly message: string },
  );
  return { code: error.code, message: error.message };
}

describe("an app", () => {
  it("with a wrong scheme says which there are, and shows no password", async () => {
    const app = createApp("bad", { broker: "mysql://root:geheim@localhost/jobs" });
    const { code, message } = await codeOf(app.sendTask("t"));
    expect(code).toBe("CONFIG_URL");
    expect(message).toContain("redis://");
    expect(message).not.toContain("geheim");
    await app.close();
  });

  it("with several URLs says which brokers take them, and shows no password", async () => {
    for (const broker of [["redis://:geheim@a", "redis://:geheim@b"], "sqlite://./a.db;sqlite://./b.db"]) {
      const app = createApp("bad", { broker });
      const { code, message } = await codeOf(app.sendTask("t"));
      expect(code).toBe("CONFIG_URL");
      expect(message).toContain("only RabbitMQ and Redis Cluster take several");
      expect(message).not.toContain("geheim");
      await app.close();
    }
  });

  for (const scheme of ["redis", "amqp"]) {
    it(`with an unreachable ${scheme} broker rejects within publishTimeout, saying that the broker does not have the task`, async () => {
      const app = createApp("bad", { broker: `${scheme}://127.0.0.1:${await freePort()}`, config: { publishTimeout: "300ms" } });
      const { code, message } = await codeOf(app.sendTask("t"));
      expect(code).toBe("PUBLISH_REJECTED");
      expect(message).toMatch(/does not have the task/);
      await app.close();
    });
  }

  it("with a wrong password on Redis fails at once with a code, and shows no password", async () => {
    const url = new URL(await redisUrl());
    url.username = "nobody";
    url.password = "geheim";
    const app = createApp("bad", { broker: url.href });
    const connect = await codeOf(app.connect());
    expect(connect.code).toMatch(/BROKER_AUTH|BACKEND_AUTH/);
    const sent = await codeOf(app.sendTask("t"));
    expect(sent.code).toBe("PUBLISH_REJECTED");
    expect(connect.message + sent.message).not.toContain("geheim");
    await app.close();
  });

  it("with a wrong password on RabbitMQ fails at once with a code, and shows no password", async () => {
    const url = new URL(await amqpUrl());
    url.password = "geheim";
    const app = createApp("bad", { broker: url.href });
    const connect = await codeOf(app.connect());
    expect(connect.code).toMatch(/BROKER_AUTH|BACKEND_AUTH/);
    expect(connect.message).not.toContain("geheim");
    await app.close();
  });
});

for (const [broker, place] of Object.entries(places)) {
  describe(broker, () => {
    let world: FaultWorld;
    let worker: FaultWorker;
    beforeAll(async () => {
      world = createFaultWorld(await place(), { acceptContent: ["json", "msgpack", "yaml"], maxMessageBytes: 1_000_000 });
      worker = await world.startWorker({ options: { pool: "threads", concurrency: 1 } });
    });
    afterAll(() => world.dispose());

    const goesOn = async () => expect(await world.client.mark.delay(1, 0).get({ timeout: "30s" })).toBe(1);

    it("refuses an argument that cannot travel, naming its path, and a message that is too large", async () => {
      const { app } = world.client;
      expect(await codeOf(app.sendTask("fault.mark", [{ a: [1, () => 1] }]))).toMatchObject({
        code: "PUBLISH_ENCODE",
        message: expect.stringContaining("args[0].a[1]"),
      });
      expect(await codeOf(app.sendTask("fault.mark", [new Map()]))).toMatchObject({
        code: "PUBLISH_ENCODE",
        message: expect.stringContaining("args[0]"),
      });
      expect(await codeOf(app.sendTask("fault.mark", ["x".repeat(64 * 1024 * 1024)]))).toMatchObject({
        code: "PUBLISH_ENCODE",
        message: expect.stringContaining("maxMessageBytes"),
      });
      await goesOn();
    });

    it("fails an unknown task as NotRegistered and keeps its message among the dead letters", async () => {
      const sent = await world.client.app.sendTask("fault.nowhere", [1]);
      const end = await sent.settled({ timeout: "30s" });
      expect(end).toMatchObject({
        state: "FAILURE",
        error: { code: "TASK_DEAD_LETTERED", remote: { type: "NotRegistered", args: ["fault.nowhere"] } },
      });
      const { broker: driver } = (await runtimeOf(world.client.app)?.links())!;
      const letters = await eventually(async () => {
        const found = await driver.queues.peek(deadLetterQueue("celery"), 10);
        expect(found.length).toBeGreaterThan(0);
        return found;
      });
      expect(letters.some(({ headers }) => headers["task"] === "fault.nowhere" && headers[deathHeader] !== undefined)).toBe(true);
      await goesOn();
    });

    it("dead-letters a body of two elements and goes on", async () => {
      const { broker: driver } = (await runtimeOf(world.client.app)?.links())!;
      await world.client.app.connect();
      const id = "10000000-0000-4000-8000-000000000001";
      await driver.publish({
        envelope: {
          headers: { lang: "py", task: "fault.mark", id, retries: 0 },
          properties: {
            contentType: "application/json",
            contentEncoding: "utf-8",
            correlationId: id,
            replyTo: null,
            deliveryMode: 2,
            priority: null,
            expiration: null,
            deliveryTag: id,
          },
          body: Buffer.from("[[1], {}]"),
        },
        route: { exchange: "", routingKey: "celery" },
      });
      await eventually(async () => {
        const found = await driver.queues.peek(deadLetterQueue("celery"), 20);
        expect(found.some(({ headers }) => headers["id"] === id)).toBe(true);
      });
      await goesOn();
    });

    it("dead-letters every hostile message with a code, and goes on", async () => {
      const { broker: driver } = (await runtimeOf(world.client.app)?.links())!;
      await world.client.app.connect();
      const dead = deadLetterQueue("celery");
      await driver.queues.purge(dead);
      for (const [index, { body, contentType = "application/json", headers }] of hostileMessages.entries()) {
        const envelope = createEnvelope({ id: `hostile-${index}`, body, headers: { task: "fault.mark", ...headers } });
        const given = Object.entries(envelope.headers).filter(([, value]) => value !== undefined);
        await driver.publish({
          envelope: { headers: Object.fromEntries(given), properties: { ...envelope.properties, contentType }, body },
          route: { exchange: "", routingKey: "celery" },
        });
      }
      const letters = await eventually(async () => {
        const found = await driver.queues.peek(dead, 100);
        expect(found).toHaveLength(hostileMessages.length);
        return found;
      });
      const codes = letters.map(({ headers }) => [
        headers["id"],
        String((headers[deathHeader] as { reason: string }).reason).split(":")[0],
      ]);
      const expected = hostileMessages.map(({ code }, index) => [`hostile-${index}`, code]);
      expect(codes.sort()).toEqual(expected.sort());
      await goesOn();
    });

    it("dead-letters what is no task message and what pickle wrote, and goes on", async () => {
      const { broker: driver } = (await runtimeOf(world.client.app)?.links())!;
      const before = await driver.queues.length(deadLetterQueue("celery"));
      const properties = {
        contentType: "application/x-python-serialize",
        contentEncoding: "binary",
        correlationId: null,
        replyTo: null,
        deliveryMode: 2,
        priority: null,
        expiration: null,
      } as const;
      const route = { exchange: "", routingKey: "celery" };
      await driver.publish({
        envelope: { headers: {}, properties: { ...properties, deliveryTag: "no-task" }, body: Buffer.from("?") },
        route,
      });
      await driver.publish({
        envelope: {
          headers: { task: "fault.mark", id: "pickled" },
          properties: { ...properties, deliveryTag: "pickled" },
          body: Buffer.from([0x80, 4]),
        },
        route,
      });
      await eventually(async () => expect(await driver.queues.length(deadLetterQueue("celery"))).toBe(before + 2));
      // Told after it was settled.
      await eventually(() => expect(worker.log()).toContain("pickle is never read"));
      await goesOn();
    });
  });
}

describe("redis", () => {
  it("dead-letters what is no envelope at all, and goes on", async () => {
    const url = await redisUrl();
    const world = createFaultWorld(() => url);
    const redis = new Redis(url);
    try {
      await world.startWorker({ options: { pool: "threads", concurrency: 1 } });
      for (const raw of ["not json", "{}", '{"body": "', "[]"]) await redis.lpush("celery", raw);
      await eventually(async () => expect(await redis.llen("celery.dead")).toBe(4));
      expect(await world.client.mark.delay(1, 0).get({ timeout: "30s" })).toBe(1);
    } finally {
      redis.disconnect();
      await world.dispose();
    }
  });
});
