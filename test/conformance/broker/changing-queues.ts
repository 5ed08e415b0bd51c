/** Broker cases: a consumer begins and ends to consume queues while it runs. */
import { expect, test } from "vitest";
import type { Broker, Consumer } from "../../../packages/core/src/broker.ts";
import { type ExchangeType, type QueueDeclaration, undeclaredQueue } from "../../../packages/core/src/queue-table.ts";
import { createEnvelope, idOf, publicationTo } from "../../support/envelopes.ts";
import { eventually } from "../../support/eventually.ts";
import type { Inbox } from "../../support/inbox.ts";
import { queuesOf } from "../../support/router.ts";
import { type BrokerTraits, consume, type OpenCase, settle } from "./world.ts";

const ids = (inbox: Inbox) => inbox.deliveries.map(({ envelope }) => idOf(envelope));
const settleAll = (inbox: Inbox) => Promise.all(inbox.deliveries.map((delivery) => settle(delivery)));

/** As the command says it that names an exchange. */
function boundTo(exchange: string, exchangeType: ExchangeType, queue: string, routingKey = queue): QueueDeclaration {
  return { name: queue, bindings: [{ exchange, exchangeType, routingKey, arguments: {} }], arguments: {}, kind: "declared" };
}

/** Shows that a queue is left alone: what is sent to it lies there although the consumer takes what is sent afterwards to another. */
async function expectLeftAlone(queue: string, { broker, other, inbox }: { broker: Broker; other: string; inbox: Inbox }): Promise<void> {
  const before = await broker.queues.length(queue);
  await broker.publish(publicationTo(queue, { id: "left" }));
  for (const mark of ["after 1", "after 2"]) {
    await broker.publish(publicationTo(other, { id: mark }));
    await eventually(() => expect(ids(inbox)).toContain(mark));
  }
  expect(await broker.queues.length(queue)).toBe(before + 1);
  expect(ids(inbox)).not.toContain("left");
}

export function describeChangingQueues(open: OpenCase, { reconnects }: BrokerTraits): void {
  test("a queue that is added is consumed, with what lay there and what was delayed, each message once", async (context) => {
    const { connect, world } = open(context);
    const [producer, worker, first, second] = [await connect(), await connect(), world.queue(), world.queue()];
    await producer.publish(publicationTo(second, { id: "early" }));
    await producer.publish(publicationTo(second, { id: "delayed", dueAt: Date.now() + 300 }));
    const { consumer, inbox } = await consume(worker, first);
    expect(consumer.queues).toEqual([first]);
    await Promise.all([consumer.add(undeclaredQueue(second)), consumer.add(undeclaredQueue(second))]);
    expect(consumer.queues).toEqual([first, second]);
    await producer.publish(publicationTo(second, { id: "late" }));
    await producer.publish(publicationTo(first, { id: "other" }));
    await eventually(() => expect(ids(inbox).sort()).toEqual(["delayed", "early", "late", "other"]));
    expect(await settleAll(inbox)).toEqual(["settled", "settled", "settled", "settled"]);
    expect([await producer.queues.length(first), await producer.queues.length(second)]).toEqual([0, 0]);
  });

  test("out of a cancelled queue nothing more is taken, and what is held of it is settled as ever", async (context) => {
    const { connect, world } = open(context);
    const [producer, worker, kept, left] = [await connect(), await connect(), world.queue(), world.queue()];
    const { consumer, inbox } = await consume(worker, [kept, left]);
    await producer.publish(publicationTo(left, { id: "held" }));
    await producer.publish(publicationTo(left, { id: "returned" }));
    const [held, returned] = await inbox.take(2);
    await consumer.cancel(left);
    await consumer.cancel(left);
    await consumer.cancel("never consumed");
    expect(consumer.queues).toEqual([kept]);
    await expectLeftAlone(left, { broker: producer, other: kept, inbox });
    const answer = publicationTo(kept, { id: "answer" });
    expect(await held!.settle({ results: [], publish: [answer], then: { kind: "acknowledge" } })).toBe("settled");
    expect(await settle(returned!, { kind: "requeue", counted: false })).toBe("settled");
    await eventually(() => expect(ids(inbox)).toContain("answer"));
    await eventually(async () => expect(await producer.queues.length(left)).toBe(2));

    const other = await consume(producer, left);
    const found = await other.inbox.take(2);
    expect(found.map(({ envelope, deliveries }) => [idOf(envelope), deliveries]).sort()).toEqual([
      ["left", 0],
      ["returned", 0],
    ]);
    await settleAll(other.inbox);
    await other.consumer.close();
    await producer.publish(publicationTo(left, { id: "again" }));
    await consumer.add(undeclaredQueue(left));
    await eventually(() => expect(ids(inbox)).toContain("again"));
  });

  test("a consumer without queues waits for one, and keeps to its read-ahead through all changes", async (context) => {
    const { connect, world } = open(context);
    const [producer, worker, only, one, two] = [await connect(), await connect(), world.queue(), world.queue(), world.queue()];
    const { consumer, inbox } = await consume(worker, only, { readAhead: 4 });
    await consumer.cancel(only);
    expect(consumer.queues).toEqual([]);
    for (const queue of [only, one, two])
      for (const n of [1, 2, 3, 4, 5, 6]) await producer.publish(publicationTo(queue, { id: `${queue} ${n}` }));
    await consumer.add(undeclaredQueue(one));
    await eventually(() => expect(inbox.deliveries).toHaveLength(4));
    await consumer.add(undeclaredQueue(two));
    await consumer.cancel(one);
    for (const delivery of inbox.deliveries.slice(0, 4)) await settle(delivery);
    await eventually(() => expect(inbox.deliveries).toHaveLength(8));
    expect(new Set(inbox.deliveries.slice(4).map(({ queue }) => queue))).toEqual(new Set([two]));
    await eventually(async () => expect(await producer.queues.length(one)).toBe(2));
    await drain(inbox, 10);
    await consumer.add(undeclaredQueue(one));
    await drain(inbox, 12);
    expect(await producer.queues.length(only)).toBe(6);
  });

  test("a queue may be added with an exchange, which leads to it from then on", async (context) => {
    const { connect, world } = open(context);
    const [producer, worker, first, second] = [await connect(), await connect(), world.queue(), world.queue()];
    const exchange = world.queue();
    const { consumer, inbox } = await consume(worker, first);
    await consumer.add(boundTo(exchange, "topic", second, "a.#"));
    await producer.publish({ envelope: createEnvelope({ id: "through" }), route: { exchange, routingKey: "a.b" } });
    const delivery = await inbox.next();
    expect([idOf(delivery.envelope), delivery.queue]).toEqual(["through", second]);
    await settle(delivery);
  });

  test("an exchange that is there as another type is refused, and nothing has changed", async (context) => {
    const { connect, world } = open(context);
    const [exchange, bound, first, second] = [world.queue(), world.queue(), world.queue(), world.queue()];
    const queues = queuesOf({ taskQueues: [{ name: bound, exchange, exchangeType: "topic", routingKey: "x" }] });
    const [producer, worker] = [await connect({ queues }), await connect({ queues })];
    const { consumer, inbox } = await consume(worker, [first, bound]);
    const refusal = await consumer.add(boundTo(exchange, "headers", second)).catch((error: { code: string }) => error.code);
    // Exchanges in Redis have no type that anybody could compare; RabbitMQ alone knows headers.
    if (refusal !== undefined) {
      expect(["BROKER_REFUSED", "CONFIG_INVALID"]).toContain(refusal);
      expect(consumer.queues).toEqual([first, bound]);
    }
    await producer.publish(publicationTo(first, { id: "goes on" }));
    await eventually(() => expect(ids(inbox)).toEqual(["goes on"]));
    await settleAll(inbox);
  });

  test("of a broadcast that is added a consumer has a copy, until it is cancelled", async (context) => {
    const { connect, world } = open(context);
    const [name, queue] = [world.queue(), world.queue()];
    const queues = queuesOf({
      taskQueues: [
        { name: queue, exchange: queue },
        { name, broadcast: true },
      ],
    });
    const tell = (id: string) => ({ envelope: createEnvelope({ id }), route: { exchange: name, routingKey: "celery" } });
    const [producer, worker, other] = [await connect({ queues }), await connect({ queues }), await connect({ queues })];
    const stayer = await consume(other, name);
    const { consumer, inbox } = await consume(worker, queue);
    await consumer.add(queues.declaration(name));
    expect(consumer.queues).toEqual([queue, name]);
    await producer.publish(tell("heard"));
    const heard = await inbox.next();
    expect(idOf(heard.envelope)).toBe("heard");
    await consumer.cancel(name);
    await producer.publish(tell("unheard"));
    await eventually(() => expect(ids(stayer.inbox)).toEqual(["heard", "unheard"]));
    expect(await settle(heard)).toBe("settled");
    await producer.publish(publicationTo(queue, { id: "mark" }));
    await eventually(() => expect(ids(inbox)).toEqual(["heard", "mark"]));
    await stayer.consumer.close();
    await expect(producer.publish(tell("nobody"))).rejects.toMatchObject({ code: "PUBLISH_UNROUTABLE" });
  });

  if (!reconnects) return;
  test("what is consumed at present is what is consumed after the connection was cut", async (context) => {
    const { connect, world } = open(context);
    const [producer, worker, before, after] = [await connect(), await connect(), world.queue(), world.queue()];
    const { consumer, inbox } = await consume(worker, before);
    await consumer.add(undeclaredQueue(after));
    await consumer.cancel(before);
    await producer.publish(publicationTo(after, { id: "mark" }));
    await settle(await inbox.next());
    await world.breakConnections!();
    await eventually(() => expect(inbox.events.lastIndexOf("connected")).toBeGreaterThan(inbox.events.indexOf("disconnected")), {
      withinMs: world.recoveryMs,
    });
    expect(consumer.queues).toEqual([after]);
    await eventually(async () => {
      if (!producer.connected) await producer.connect();
      await producer.queues.length(before);
    });
    await expectLeftAlone(before, { broker: producer, other: after, inbox });
    await readd(consumer, before);
    await eventually(() => expect(ids(inbox)).toContain("left"));
  });
}

/** Settles what comes until there were so many. */
async function drain(inbox: Inbox, count: number): Promise<void> {
  await eventually(async () => {
    await settleAll(inbox);
    expect(inbox.deliveries).toHaveLength(count);
  });
}

async function readd(consumer: Consumer, queue: string): Promise<void> {
  await consumer.add(undeclaredQueue(queue));
  expect(consumer.queues.at(-1)).toBe(queue);
}
