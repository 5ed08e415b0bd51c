/** A Redis Cluster whose primaries have replicas: nodes are killed under load, slots move, workers die, and keys lie wherever they lie. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createRedisBackend } from "../../packages/core/src/backends/redis.ts";
import type { Broker, Publication } from "../../packages/core/src/broker.ts";
import { createRedisBroker, type RedisBrokerOptions } from "../../packages/core/src/brokers/redis/broker.ts";
import { createRedisCoordinator } from "../../packages/core/src/coordinators/redis.ts";
import type { DriverContext } from "../../packages/core/src/driver.ts";
import { acknowledge, consume, settle } from "../conformance/broker/world.ts";
import { driverContext } from "../support/driver-context.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import type { Inbox } from "../support/inbox.ts";
import { type RedisCluster, startRedisCluster } from "../support/redis-cluster.ts";

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster({ replicas: true });
}, 120_000);
afterAll(() => cluster.stop());

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  // A failover may bring back what was settled.
  await cluster.clear();
});

const patience = { withinMs: 45_000, everyMs: 50 };
/** A worker is dead 0.4 to 0.8 s after its last beat. */
const timing = { pulseMs: 100, deadAfterMs: 400, sweeperMs: 300, lookAgainMs: 200, silentMs: 2_000 };
/** Their lists lie with all three nodes. */
const queues = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"];

async function open(
  options: Partial<RedisBrokerOptions> & { readonly url?: string; readonly context?: Partial<DriverContext> } = {},
): Promise<Broker> {
  const { url = cluster.url, context = {}, ...rest } = options;
  const broker = createRedisBroker(url, driverContext(context), { resultUrl: null, timing, ...rest });
  ends.push(() => broker.close());
  await broker.connect();
  return broker;
}

/** Publishes again until it is confirmed, as a caller would who wants it sent. */
function publishAtLast(broker: Broker, publication: Publication): Promise<void> {
  return eventually(async () => {
    if (!broker.connected) await broker.connect();
    await broker.publish(publication);
  }, patience);
}

/** Settles whatever comes. */
const settles = { onDelivery: (delivery: Parameters<typeof settle>[0]) => void settle(delivery).catch(() => {}) };
const idsIn = ({ deliveries }: Inbox) => deliveries.map(({ envelope }) => idOf(envelope));

test("the queues of these tests lie with all nodes", async () => {
  const holders = await Promise.all(queues.map((queue) => cluster.holderOf(queue)));
  expect(new Set(holders).size).toBe(3);
});

describe("a node that is killed", () => {
  const keys = [{ key: "alpha" }, { key: "{celeriac}" }];
  test.each(keys)(
    "with $key is left for its replica: whatever a replica had comes to the workers",
    { timeout: 120_000 },
    async ({ key }) => {
      const [producer, worker] = [await open({ publishDurability: "replica" }), await open()];
      const backend = createRedisBackend(cluster.url, driverContext());
      const coordinator = createRedisCoordinator(cluster.url, driverContext());
      ends.push(
        () => backend.close(),
        () => coordinator.close(),
      );
      const { inbox } = await consume(worker, queues, settles);
      await coordinator.now();
      const texts: string[] = [];
      await backend.subscribe("task", (text) => texts.push(text));
      for (const queue of queues) await publishAtLast(producer, publicationTo(queue, { id: `before-${queue}` }));

      const killed = await cluster.holderOf(key);
      await killed.down({ hard: true });
      // Whoever takes its place has no replica of its own before it is back.
      const back = eventually(async () => expect(await cluster.holderOf(key)).not.toBe(killed), patience).then(() => killed.up());
      const sent = Array.from({ length: 60 }, (_, n) => publicationTo(queues[n % queues.length] as string, { id: `during-${n}` }));
      for (const publication of sent) await publishAtLast(producer, publication);
      await eventually(() => expect(idsIn(inbox)).toEqual(expect.arrayContaining(sent.map(({ envelope }) => idOf(envelope)))), patience);
      expect(inbox.events).toContain("disconnected");

      const record = { taskId: "task", state: "SUCCESS", attempt: 0, text: '{"status": "SUCCESS"}', expiresMs: 60_000, replyTo: null };
      await eventually(() => backend.store(record), patience);
      await eventually(() => texts.includes(record.text), patience);
      await backend.forget("task");
      await eventually(() => coordinator.now(), patience);
      await back;
      await cluster.settled(true);
    },
  );

  test("is not needed to find the others again, though it is the only one named", { timeout: 120_000 }, async () => {
    const named = await cluster.holderOf("alpha");
    const url = `redis+cluster://127.0.0.1:${named.port}`;
    const [producer, worker] = [await open({ url }), await open({ url })];
    const { inbox } = await consume(worker, "alpha", settles);
    await named.down({ hard: true });
    await eventually(async () => (await cluster.holderOf("alpha")) !== named, patience);
    await publishAtLast(producer, publicationTo("alpha", { id: "after" }));
    await eventually(() => idsIn(inbox).includes("after"), patience);
    await named.up();
    await cluster.settled(true);
  });
});

test("a slot that moves takes its messages and claims along: nothing is lost, and nothing comes twice", { timeout: 120_000 }, async () => {
  const [producer, worker] = [await open(), await open()];
  const held: Parameters<typeof settle>[0][] = [];
  const { inbox } = await consume(worker, ["beta", "gamma"], { readAhead: 20, onDelivery: (delivery) => held.push(delivery) });
  const publish = async (name: string) => {
    for (let n = 0; n < 10; n++) {
      await publishAtLast(producer, publicationTo("beta", { id: `${name}-${n}` }));
      await publishAtLast(producer, { ...publicationTo("beta", { id: `${name}-late-${n}` }), dueAt: Date.now() + 300 });
    }
  };
  await publish("before");
  const from = await cluster.holderOf("beta");
  const masters = await Promise.all(queues.map((queue) => cluster.holderOf(queue)));
  await cluster.moveSlot("beta", masters.find((node) => node !== from) as (typeof masters)[number]);
  const after = publish("after");
  const settled: string[] = [];
  await eventually(async () => {
    for (const delivery of held.splice(0)) {
      const outcome = await settle(delivery).catch(() => "again");
      if (outcome === "again") held.push(delivery);
      else settled.push(`${outcome} ${idOf(delivery.envelope)}`);
    }
    expect(settled).toHaveLength(40);
  }, patience);
  await after;
  expect(new Set(settled).size).toBe(40);
  expect(settled.filter((each) => !each.startsWith("settled"))).toEqual([]);
  expect(inbox.deliveries).toHaveLength(40);
  expect(await producer.queues.length("beta")).toBe(0);
});

describe("a worker", () => {
  test("that is dead is recovered on every node, and its late settlement changes nothing", async () => {
    // Its clock stands still, and with it its pulse.
    const [producer, frozen] = [await open(), await open({ context: { clock: createFakeClock() } })];
    for (const queue of queues) await producer.publish(publicationTo(queue, { id: queue }));
    const late = await consume(frozen, queues);
    const held = await late.inbox.take(queues.length);
    const { inbox } = await consume(await open(), queues);
    const recovered = await inbox.take(queues.length);
    expect(recovered.map(({ envelope }) => idOf(envelope)).sort()).toEqual([...queues].sort());
    expect(recovered.map(({ deliveries }) => deliveries)).toEqual(queues.map(() => 1));
    // To a queue on another node than the claim: told apart before anything is written.
    const following = held.map((delivery) => settle(delivery, acknowledge, [publicationTo("eta")]));
    expect(new Set(await Promise.all(following))).toEqual(new Set(["lost"]));
    expect(await producer.queues.length("eta")).toBe(0);
    const next = recovered.map((delivery) => settle(delivery, acknowledge, [publicationTo("eta")]));
    expect(new Set(await Promise.all(next))).toEqual(new Set(["settled"]));
    expect(await producer.queues.length("eta")).toBe(queues.length);
    await producer.queues.purge("eta");
  });

  test("whose settlement failed half way makes it again, and what follows comes once", async () => {
    const worker = await open();
    const { inbox } = await consume(worker, "alpha");
    await worker.publish(publicationTo("alpha"));
    const delivery = await inbox.next();
    const node = cluster.clientOf(await cluster.holderOf("theta"));
    await node.set("theta", "somebody else's");
    const following = [publicationTo("eta"), publicationTo("theta")];
    await expect(settle(delivery, acknowledge, following)).rejects.toMatchObject({ code: "BROKER_REFUSED" });
    expect(await worker.queues.length("eta")).toBe(1);
    await node.del("theta");
    expect(await settle(delivery, acknowledge, following)).toBe("settled");
    expect(await Promise.all(["eta", "theta"].map((queue) => worker.queues.length(queue)))).toEqual([1, 1]);
  });

  test("leaves nothing behind on any node when it stops", async () => {
    const [producer, worker] = [await open(), await open()];
    const { consumer, inbox } = await consume(worker, queues);
    await producer.publish({ ...publicationTo("zeta"), dueAt: Date.now() + 50 });
    await settle(await inbox.next(), { kind: "deadLetter", reason: "to see it" });
    expect(await producer.queues.purge("zeta.dead")).toBe(1);
    await consumer.close();
    // What was written by itself leaves a mark for 10 minutes.
    const kept = /^(?:_kombu\.binding\..*|\{celeriac\}:(?:layout|dead)|\{zeta\.dead\}:pub:.*)$/;
    // Workers of the tests before may still be on their way out.
    await eventually(async () => {
      const left = await Promise.all(cluster.nodes.slice(0, 3).map((node) => cluster.clientOf(node).keys("*")));
      expect(left.flat().filter((key) => !kept.test(key))).toEqual([]);
    });
  });
});

test("a queue whose name keeps its keys apart is refused when it is consumed", async () => {
  const worker = await open();
  const refusal = expect.objectContaining({ code: "BROKER_REFUSED", message: expect.stringContaining('"odd}name"') });
  await expect(consume(worker, "odd}name")).rejects.toEqual(refusal);
});
