/** Broker cases: exchanges lead to the queues that are bound to them. */
import { expect, test } from "vitest";
import type { Broker } from "../../../packages/core/src/broker.ts";
import { broadcastOf } from "../../../packages/core/src/queue-table.ts";
import type { NamedQueue } from "../../../packages/core/src/task-queues.ts";
import { createEnvelope, idOf, publicationTo } from "../../support/envelopes.ts";
import { eventually } from "../../support/eventually.ts";
import { queuesOf } from "../../support/router.ts";
import { acknowledge, consume, type OpenCase, settle } from "./world.ts";

/** A publication through an exchange. */
const through = (exchange: string, routingKey: string, id: string) => ({
  envelope: createEnvelope({ id }),
  route: { exchange, routingKey },
});
const declared = (...taskQueues: readonly NamedQueue[]) => ({ queues: queuesOf({ taskQueues }) });

/** What a queue holds in the end, taken out. */
async function taken(broker: Broker, queue: string, count: number): Promise<readonly string[]> {
  const { inbox, consumer } = await consume(broker, queue);
  const got = await inbox.take(count);
  await Promise.all(got.map((delivery) => settle(delivery)));
  expect(await broker.queues.length(queue)).toBe(0);
  expect(inbox.deliveries).toHaveLength(count);
  await consumer.close();
  return got.map(({ envelope }) => idOf(envelope)).sort();
}

export function describeRouting(open: OpenCase): void {
  test("a direct exchange gives a copy to every queue that is bound with the key, and to no other", async (context) => {
    const { connect, world } = open(context);
    const [exchange, one, two, other] = [world.queue(), world.queue(), world.queue(), world.queue()];
    const broker = await connect(
      declared(
        { name: one, exchange, routingKey: "both" },
        { name: two, exchange, routingKey: "both" },
        { name: other, exchange, routingKey: "other" },
      ),
    );
    await broker.publish(through(exchange, "both", "twice"));
    await broker.publish(through(exchange, "other", "once"));
    expect(await taken(broker, one, 1)).toEqual(["twice"]);
    expect(await taken(broker, two, 1)).toEqual(["twice"]);
    expect(await taken(broker, other, 1)).toEqual(["once"]);
  });

  test("a topic exchange leads by patterns, and a queue gets one copy however many of its patterns fit", async (context) => {
    const { connect, world } = open(context);
    const [exchange, orders, created] = [world.queue(), world.queue(), world.queue()];
    const topic = { exchange, exchangeType: "topic" } as const;
    const broker = await connect(
      declared(
        {
          name: orders,
          bindings: [
            { ...topic, routingKey: "orders.#" },
            { ...topic, routingKey: "orders.*" },
          ],
        },
        { name: created, ...topic, routingKey: "*.created" },
      ),
    );
    await broker.publish(through(exchange, "orders.created", "both"));
    await broker.publish(through(exchange, "orders.eu.paid", "orders"));
    await broker.publish(through(exchange, "bills.created", "created"));
    expect(await taken(broker, orders, 2)).toEqual(["both", "orders"]);
    expect(await taken(broker, created, 2)).toEqual(["both", "created"]);
  });

  test("queues that one process declared are found by another that only names the exchange", async (context) => {
    const { connect, world } = open(context);
    const [exchange, queue] = [world.queue(), world.queue()];
    const worker = await connect(declared({ name: queue, exchange, exchangeType: "topic", routingKey: "a-b_c.*" }));
    const { inbox } = await consume(worker, queue);
    const producer = await connect();
    await producer.publish(through(exchange, "a-b_c.d", "found"));
    const delivery = await inbox.next();
    expect(idOf(delivery.envelope)).toBe("found");
    expect(delivery.queue).toBe(queue);
    await settle(delivery);
  });

  test("a fanout exchange gives a copy to each queue, whatever the key", async (context) => {
    const { connect, world } = open(context);
    const [exchange, one, two] = [world.queue(), world.queue(), world.queue()];
    const fanout = { exchange, exchangeType: "fanout" } as const;
    const queues = declared({ name: one, ...fanout, routingKey: "x" }, { name: two, ...fanout });
    const [producer, first, second] = [await connect(queues), await connect(queues), await connect(queues)];
    // Two workers share the first queue: one of them gets its copy.
    const shared = [await consume(first, one), await consume(second, one)];
    const alone = await consume(second, two);
    for (const id of ["a", "b", "c"]) await producer.publish(through(exchange, id === "a" ? "" : id, id));
    const got = await alone.inbox.take(3);
    expect(got.map(({ envelope }) => idOf(envelope)).sort()).toEqual(["a", "b", "c"]);
    await eventually(() => expect(shared.flatMap(({ inbox }) => inbox.deliveries)).toHaveLength(3));
    const all = [...got, ...shared.flatMap(({ inbox }) => inbox.deliveries)];
    expect(await Promise.all(all.map((delivery) => settle(delivery)))).toEqual(all.map(() => "settled"));
    expect(await producer.queues.length(one)).toBe(0);
  });

  test("a broadcast gives a copy to every consumer of it, and none to one that has closed or comes later", async (context) => {
    const { connect, world } = open(context);
    const [name, queue] = [world.queue(), world.queue()];
    const queues = declared({ name: queue, exchange: queue }, { name, broadcast: true });
    const route = { exchange: name, routingKey: "celery" };
    const broadcast = (id: string) => ({ envelope: createEnvelope({ id }), route });
    const [producer, first, second] = [await connect(queues), await connect(queues), await connect(queues)];
    await expect(producer.publish(broadcast("nobody"))).rejects.toMatchObject({ code: "PUBLISH_UNROUTABLE" });
    const leaver = await consume(first, [queue, name]);
    const stayer = await consume(second, [queue, name]);
    await producer.publish(broadcast("both"));
    const copies = [await leaver.inbox.next(), await stayer.inbox.next()];
    expect(copies.map(({ envelope }) => idOf(envelope))).toEqual(["both", "both"]);
    expect(copies.map((delivery) => broadcastOf(delivery.queue))).toEqual([name, name]);
    // A retry is for the worker whose copy it was.
    const again = { envelope: createEnvelope({ id: "again" }), route: { exchange: "", routingKey: copies[1]!.queue } };
    expect(await Promise.all([settle(copies[0]!), settle(copies[1]!, acknowledge, [again])])).toEqual(["settled", "settled"]);
    const retried = await stayer.inbox.next();
    expect(idOf(retried.envelope)).toBe("again");
    expect(await settle(retried, { kind: "deadLetter", reason: "enough" })).toBe("settled");
    expect(await taken(producer, `${name}.dead`, 1)).toEqual(["again"]);

    await leaver.consumer.close();
    await producer.publish(broadcast("one"));
    const later = await consume(first, [queue, name]);
    const delivery = await stayer.inbox.next();
    expect(idOf(delivery.envelope)).toBe("one");
    await settle(delivery);
    await producer.publish(publicationTo(queue, { id: "shared" }));
    await eventually(() => expect(later.inbox.deliveries.length + stayer.inbox.deliveries.length).toBe(4));
    expect(leaver.inbox.deliveries).toHaveLength(1);
    const shared = [...later.inbox.deliveries, ...stayer.inbox.deliveries].filter(({ envelope }) => idOf(envelope) === "shared");
    expect(await Promise.all(shared.map((each) => settle(each)))).toEqual(["settled"]);
    await Promise.all([later.consumer.close(), stayer.consumer.close()]);
    await expect(producer.publish(broadcast("nobody"))).rejects.toMatchObject({ code: "PUBLISH_UNROUTABLE" });
  });

  test("a broker that can list its queues and bindings lists them", async (context) => {
    const { connect, world } = open(context);
    const [exchange, queue] = [world.queue(), world.queue()];
    const broker = await connect(declared({ name: queue, exchange, exchangeType: "topic", routingKey: "a.#" }));
    await broker.declare(queue);
    await broker.publish(publicationTo(queue));
    const [queues, bindings] = [await broker.queues.list(), await broker.queues.bindings()];
    // RabbitMQ tells neither over AMQP.
    expect(queues === null).toBe(bindings === null);
    if (queues !== null) expect(queues).toContain(queue);
    if (bindings !== null) expect(bindings).toContainEqual({ exchange, type: "topic", routingKey: "a.#", queue });
    await broker.queues.purge(queue);
  });

  test("what no queue takes is unroutable, and others go on", async (context) => {
    const { connect, world } = open(context);
    const [exchange, queue] = [world.queue(), world.queue()];
    const broker = await connect(declared({ name: queue, exchange, exchangeType: "topic", routingKey: "known.*" }));
    const unroutable = { code: "PUBLISH_UNROUTABLE", retryable: false };
    const lost = [through(exchange, "unknown.key", "1"), through(world.queue(), "nowhere", "2")].map((publication) =>
      expect(broker.publish(publication)).rejects.toMatchObject(unroutable),
    );
    await Promise.all([...lost, broker.publish(publicationTo(queue, { id: "kept" })), broker.publish(through(exchange, "known.key", "3"))]);
    expect(await taken(broker, queue, 2)).toEqual(["3", "kept"]);
  });

  test("what follows a delivery goes through exchanges, too; without a way nothing is settled", async (context) => {
    const { connect, world } = open(context);
    const [exchange, queue, next] = [world.queue(), world.queue(), world.queue()];
    const bound = { name: next, exchange, exchangeType: "topic", routingKey: "next.#" } as const;
    const broker = await connect({ queues: queuesOf({ taskDefaultQueue: queue, taskQueues: [{ name: queue }, bound] }) });
    await broker.publish(publicationTo(queue));
    const { inbox } = await consume(broker, queue);
    const delivery = await inbox.next();
    const nowhere = settle(delivery, { kind: "acknowledge" }, [through(exchange, "elsewhere", "lost")]);
    await expect(nowhere).rejects.toMatchObject({ code: "PUBLISH_UNROUTABLE" });
    expect(await settle(delivery, { kind: "acknowledge" }, [through(exchange, "next.step", "followed")])).toBe("settled");
    expect(await taken(broker, next, 1)).toEqual(["followed"]);
  });
}
