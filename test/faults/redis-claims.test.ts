/** Redis: whose a claim is when connections break, replies are lost, servers forget and workers are taken for dead. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ResultRecord } from "../../packages/core/src/backend.ts";
import { encodePublication } from "../../packages/core/src/brokers/redis/publication-route.ts";
import { deliveriesHeader } from "../../packages/core/src/envelope.ts";
import { undeclaredQueue } from "../../packages/core/src/queue-table.ts";
import { acknowledge, consume, settle } from "../conformance/broker/world.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { openRedisWorld, type RedisWorld } from "../support/fault/redis-world.ts";

let world: RedisWorld;

beforeAll(async () => {
  world = await openRedisWorld();
});
afterEach(() => world.clear());
afterAll(() => world.stop());

function successOf(taskId: string, value: number): ResultRecord {
  const text = JSON.stringify({ status: "SUCCESS", result: value, task_id: taskId });
  return { taskId, state: "SUCCESS", attempt: 0, text, expiresMs: 60_000, replyTo: null };
}

describe("a connection that breaks", () => {
  test("before a claim was answered leaves nothing claimed by nobody: it is delivered once", async () => {
    const { proxy, url } = await world.openProxy();
    const [producer, worker] = [await world.open(), await world.open({ url })];
    for (const id of ["first", "second", "third"]) await producer.publish(publicationTo("q", { id }));
    const { consumer, inbox } = await consume(worker, "q", { readAhead: 1 });
    const first = await inbox.next();
    proxy.mute();
    consumer.setReadAhead(3);
    await eventually(async () => (await producer.queues.length("q")) === 0);
    expect(inbox.waiting).toBe(0);
    proxy.cut();
    const rest = await inbox.take(2);
    expect(rest.map(({ envelope }) => idOf(envelope))).toEqual(["second", "third"]);
    expect(rest.map(({ deliveries }) => deliveries)).toEqual([0, 0]);
    expect(await Promise.all([first, ...rest].map((delivery) => settle(delivery)))).toEqual(["settled", "settled", "settled"]);
    expect((await world.claims("q")).fields).toEqual({});
    expect(inbox.deliveries).toHaveLength(3);
  });

  test("before a settlement was answered makes nothing happen twice, and it is told as settled", async () => {
    const { proxy, url } = await world.openProxy();
    const [producer, worker] = [await world.open(), await world.open({ url })];
    for (const id of ["before", "unanswered"]) await producer.publish(publicationTo("q", { id }));
    const { inbox } = await consume(worker, "q");
    const [before, delivery] = await inbox.take(2);
    // So that the server knows the script: one that it has to ask for was not run.
    expect(await settle(before!, acknowledge, [publicationTo("next")])).toBe("settled");
    proxy.mute();
    const unanswered = settle(delivery!, acknowledge, [publicationTo("next")]).catch((error: { code: string }) => error.code);
    await eventually(async () => (await producer.queues.length("next")) === 2);
    proxy.cut();
    expect(await unanswered).toBe("BROKER_UNREACHABLE");
    await eventually(() => inbox.events.includes("connected"));
    expect(await settle(delivery!, acknowledge, [publicationTo("next")])).toBe("settled");
    expect(await settle(delivery!, acknowledge, [publicationTo("next")])).toBe("lost");
    expect(await producer.queues.length("next")).toBe(2);
    expect(inbox.deliveries).toHaveLength(2);
  });

  for (const role of ["data", "wake"]) {
    test(`only for ${role} ends the other one, too, and messages are noticed again`, async () => {
      // Without a second look, so that only a notice can wake it.
      const worker = await world.open({ timing: { lookAgainMs: 60_000 } });
      const { inbox } = await consume(worker, "q");
      const idsOf = async () => [...String(await world.client.client("LIST")).matchAll(/^id=(\d+) .* name=celeriac:(data|wake):/gm)];
      const before = await idsOf();
      expect(before).toHaveLength(2);
      await world.client.client("KILL", "ID", before.find(([, , each]) => each === role)![1]!);
      await eventually(() => inbox.events.includes("connected"));
      const ids = before.map(([, id]) => id);
      await eventually(async () => expect((await idsOf()).filter(([, id]) => ids.includes(id))).toEqual([]));
      for (const id of ["one", "two", "three"]) {
        await worker.publish(publicationTo("q", { id }));
        const delivery = await inbox.next();
        expect(idOf(delivery.envelope)).toBe(id);
        await settle(delivery);
      }
    });
  }
});

describe("a server that forgets, as one that took over too early does", () => {
  test("a settlement: it is made again, and the task does not run again", async () => {
    const { proxy, url } = await world.openProxy();
    const worker = await world.open({ url, resultUrl: url });
    const sent = publicationTo("q");
    await worker.publish(sent);
    const { inbox } = await consume(worker, "q");
    const delivery = await inbox.next();
    const before = await world.claims("q");
    const [[n, raw]] = Object.entries(before.fields) as [[string, string]];
    const taskId = idOf(sent.envelope);
    expect(await delivery.settle({ results: [successOf(taskId, 1)], publish: [publicationTo("next")], then: acknowledge })).toBe("settled");
    await world.client.multi().hset(before.key, n, raw).del("next", `celery-task-meta-${taskId}`).exec();
    proxy.cut();
    await eventually(async () => expect((await world.claims("q")).fields).toEqual({}));
    expect(await world.client.llen("next")).toBe(1);
    expect(await world.client.get(`celery-task-meta-${taskId}`)).toContain('"result":1');
    expect(inbox.deliveries).toHaveLength(1);
  });

  test("a claim and its message: the delivery ends as lost, and nothing follows", async () => {
    const { proxy, url } = await world.openProxy();
    const worker = await world.open({ url });
    await worker.publish(publicationTo("q"));
    const { inbox } = await consume(worker, "q");
    const delivery = await inbox.next();
    await world.client.del((await world.claims("q")).key);
    proxy.cut();
    await eventually(() => inbox.events.includes("connected"));
    expect(await settle(delivery, acknowledge, [publicationTo("next")])).toBe("lost");
    expect(await world.client.llen("next")).toBe(0);
  });

  test("everything, while connections stay: the worker makes itself known again and goes on", async () => {
    const worker = await world.open();
    const { inbox } = await consume(worker, "q");
    await worker.publish(publicationTo("q"));
    expect(await settle(await inbox.next())).toBe("settled");
    const [incarnation] = await world.client.hkeys("{celeriac}:pulses");
    expect(await world.client.smembers(`{celeriac}:lists:${incarnation}`)).toContain("q");
    expect(inbox.events).not.toContain("claimsLost");
  });

  test("its scripts: they are sent again", async () => {
    const worker = await world.open({ resultUrl: world.server.url });
    const { inbox } = await consume(worker, "q");
    for (const value of [1, 2]) {
      await world.client.script("FLUSH");
      const sent = publicationTo("q", { guarded: true });
      await worker.publish(sent);
      const taskId = idOf(sent.envelope);
      expect(await (await inbox.next()).settle({ results: [successOf(taskId, value)], publish: [], then: acknowledge })).toBe("settled");
      expect(await world.client.get(`celery-task-meta-${taskId}`)).toContain(`"result":${value}`);
    }
  });
});

describe("results that are settled in one step with others", () => {
  for (const db of [0, 1]) {
    test(`end each for itself: stored, lost, or refused with the claim left (database ${db})`, async () => {
      const worker = await world.open({ resultUrl: world.server.url.replace(/0$/, String(db)) });
      for (const id of ["stored", "lost", "refused"]) await worker.publish(publicationTo("q", { id }));
      const { inbox } = await consume(worker, "q");
      const deliveries = await inbox.take(3);
      const { key, fields } = await world.claims("q");
      const numberOf = (id: string) => Object.entries(fields).find(([, raw]) => raw.includes(`"id":"${id}"`))![0];
      await world.client.hdel(key, numberOf("lost"));
      await world.client.multi().select(db).rpush("celery-task-meta-refused", "of somebody else").select(0).exec();
      const outcomes = await Promise.all(
        deliveries.map((delivery) =>
          delivery
            .settle({ results: [successOf(idOf(delivery.envelope), 1)], publish: [], then: acknowledge })
            .catch(({ code }: { code: string }) => code),
        ),
      );
      expect(outcomes).toEqual(["settled", "lost", "BROKER_REFUSED"]);
      expect(Object.keys((await world.claims("q")).fields)).toEqual([numberOf("refused")]);
      const results = await world.client.multi().select(db).get("celery-task-meta-stored").get("celery-task-meta-lost").select(0).exec();
      expect(results?.map(([, value]) => value)).toEqual(["OK", successOf("stored", 1).text, null, "OK"]);
    });
  }
});

describe("a worker that is taken for dead", () => {
  test("settles nothing any more, and goes on under a new name", async () => {
    const { proxy, url } = await world.openProxy();
    const [frozen, other] = [await world.open({ url, resultUrl: url }), await world.open()];
    const sent = publicationTo("q", { id: "held" });
    await other.publish(sent);
    const { inbox } = await consume(frozen, "q");
    const held = await inbox.next();
    proxy.stall();
    const heir = await consume(other, "q");
    const again = await heir.inbox.next();
    expect([idOf(again.envelope), again.deliveries]).toEqual(["held", 1]);
    proxy.resume();
    const late = { results: [successOf("held", 1)], publish: [publicationTo("next")], then: acknowledge };
    expect(await eventually(() => held.settle(late))).toBe("lost");
    await eventually(() => inbox.events.includes("claimsLost"));
    expect(await world.client.get("celery-task-meta-held")).toBeNull();
    expect(await world.client.llen("next")).toBe(0);
    expect(await again.begin()).toBe("settled");
    expect(await settle(again)).toBe("settled");
    await heir.consumer.close();
    await other.publish(publicationTo("q", { id: "new" }));
    expect(await settle(await inbox.next())).toBe("settled");
  });

  test("claims nothing any more although nobody told it yet", async () => {
    const worker = await world.open({ timing: { pulseMs: 60_000 } });
    const { inbox } = await consume(worker, "q");
    const [incarnation] = await world.client.hkeys("{celeriac}:pulses");
    await world.client
      .multi()
      .hset("{celeriac}:dead", incarnation!, "1")
      .hdel("{celeriac}:pulses", incarnation!)
      .hdel(`{q}:c:${incarnation}`, "@")
      .exec();
    // In one step, so that the claim that is refused finds all of them: they are left as they were.
    const raws = ["first", "second", "third"].map((id) => encodePublication(publicationTo("q", { id })));
    await world.client.lpush("q", ...raws);
    const deliveries = await inbox.take(3);
    expect(deliveries.map(({ envelope }) => idOf(envelope))).toEqual(["first", "second", "third"]);
    expect(deliveries.map((delivery) => delivery.deliveries)).toEqual([0, 0, 0]);
    expect(inbox.events).toEqual(["claimsLost"]);
    expect(await world.client.hkeys("{celeriac}:pulses")).not.toContain(incarnation);
    expect(await Promise.all(deliveries.map((delivery) => settle(delivery)))).toEqual(["settled", "settled", "settled"]);
  });

  test("has its claims back in their queue, the oldest next, each counted once", async () => {
    const { proxy, url } = await world.openProxy();
    const [dead, other] = [await world.open({ url }), await world.open()];
    for (const id of ["a", "b", "c"]) await other.publish(publicationTo("q", { id, priority: 5 }));
    await other.publish(publicationTo("q", { id: "suspect", priority: 5, headers: { [deliveriesHeader]: 2 } }));
    await other.publish(publicationTo("q", { id: "begun", priority: 5, headers: { [deliveriesHeader]: 3 } }));
    const { inbox } = await consume(dead, "q");
    const held = await inbox.take(5);
    expect(await held[4]!.begin()).toBe("settled");
    proxy.stall();
    const heir = await consume(other, "q");
    const again = await heir.inbox.take(5);
    expect(again.map(({ envelope, deliveries }) => [idOf(envelope), deliveries])).toEqual([
      ["a", 1],
      ["b", 1],
      ["c", 1],
      ["suspect", 2],
      ["begun", 4],
    ]);
  });

  test("has its claims back of queues that it began or ceased to consume while it ran, and goes on with those of the moment", async () => {
    const { proxy, url } = await world.openProxy();
    const [frozen, other] = [await world.open({ url }), await world.open()];
    const { consumer, inbox } = await consume(frozen, "first");
    await consumer.add(undeclaredQueue("added"));
    for (const queue of ["first", "added"]) await other.publish(publicationTo(queue, { id: `held of ${queue}` }));
    await inbox.take(2);
    await consumer.cancel("first");
    proxy.stall();
    const heir = await consume(other, ["first", "added"]);
    const again = await heir.inbox.take(2);
    expect(again.map(({ envelope, deliveries }) => [idOf(envelope), deliveries]).sort()).toEqual([
      ["held of added", 1],
      ["held of first", 1],
    ]);
    await heir.consumer.close();
    proxy.resume();
    await eventually(() => inbox.events.includes("claimsLost"));
    const found = await inbox.next();
    expect(idOf(found.envelope)).toBe("held of added");
    const [incarnation] = await world.client.hkeys("{celeriac}:pulses");
    expect(await world.client.smembers(`{celeriac}:lists:${incarnation}`)).toEqual(expect.not.arrayContaining(["first"]));
    expect(await other.queues.length("first")).toBe(1);
  });

  test("has its claims back, although the sweeper that buried it died before it had recovered them", async () => {
    const worker = await world.open();
    await worker.publish(publicationTo("q", { id: "left" }));
    const raw = (await world.client.rpop("q"))!;
    await world.client
      .multi()
      .hset("{celeriac}:dead", "someone:dead", "1")
      .sadd("{celeriac}:lists:someone:dead", "q", "empty")
      .hset("{q}:c:someone:dead", "@", "1", "7", raw)
      .exec();
    const { inbox } = await consume(worker, "q");
    const again = await inbox.next();
    expect([idOf(again.envelope), again.deliveries]).toEqual(["left", 1]);
    await eventually(async () => expect(await world.client.keys("*someone*")).toEqual([]));
    // A step of its own, after the last list.
    await eventually(async () => expect(await world.client.hkeys("{celeriac}:dead")).toEqual([]));
  });

  test("keeps its tombstone until all is recovered, however long nobody works, and then for some days", async () => {
    const { proxy, url } = await world.openProxy();
    const [dead, other] = [await world.open({ url }), await world.open()];
    await other.publish(publicationTo("q"));
    const { inbox } = await consume(dead, "q");
    await inbox.next();
    // Nothing can be given back where somebody else's key lies.
    await world.client.set("q", "not a list");
    proxy.stall();
    const heir = await consume(other, ["q", "elsewhere"]);
    await eventually(async () => expect(await world.client.hkeys("{celeriac}:dead")).toHaveLength(1));
    expect(await world.client.pttl("{celeriac}:dead")).toBe(-1);
    await world.client.del("q");
    expect((await heir.inbox.next()).deliveries).toBe(1);
    await eventually(async () => expect(await world.client.pttl("{celeriac}:dead")).toBeGreaterThan(6 * 24 * 3_600_000));
  });
});
