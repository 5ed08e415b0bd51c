/** RabbitMQ: messages of long tasks are held apart, so that they run once whatever becomes of channels, and elsewhere when their worker dies. */
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Broker, Delivery } from "../../packages/core/src/broker.ts";
import type { AmqpDelivery } from "../../packages/core/src/brokers/amqp/delivery.ts";
import { ticketQueue } from "../../packages/core/src/brokers/amqp/hold/ticket.ts";
import { deliveriesHeader } from "../../packages/core/src/envelope.ts";
import { acknowledge, type Consumption, consume, settle } from "../conformance/broker/world.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { queueName, useAmqp } from "../support/fault/amqp-world.ts";
import { shortHold } from "../support/fault/hold-timing.ts";
import { createNotebook } from "../support/notebook.ts";
import type { PrivateProcess } from "../support/private-process.ts";

const { open, openProxy, openClient, startConsumer } = useAmqp({ holdTiming: shortHold });

/** Takes one message of a queue, and waits until it is held. */
async function hold(broker: Broker, queue: string, readAhead = 1): Promise<Consumption & { readonly delivery: Delivery }> {
  const consumption = await consume(broker, queue, { readAhead });
  const delivery = await consumption.inbox.next();
  await eventually(() => (delivery as AmqpDelivery).isHeld);
  return { ...consumption, delivery };
}

/** A process that holds the one message of a queue until it is killed. */
async function startHolder(queue: string): Promise<PrivateProcess> {
  const holder = startConsumer(queue, "apart");
  await holder.wrote(/"held":true/, 30_000);
  return holder;
}

test("what is held is claimed on whichever connection, and settles with what follows from it", async () => {
  const { proxy, url } = await openProxy();
  const [worker, other, queue, next] = [await open(url), await open(), queueName(), queueName()];
  await other.publish(publicationTo(queue, { id: "long" }));
  const { inbox, delivery } = await hold(worker, queue);
  const idle = await consume(other, queue);
  for (let cut = 0; cut < 2; cut += 1) {
    const before = inbox.events.length;
    proxy.cut();
    await eventually(() => inbox.events.slice(before).includes("connected"));
  }
  expect(await eventually(() => settle(delivery, acknowledge, [publicationTo(next, { id: "after" })]))).toBe("settled");
  expect(await settle(delivery)).toBe("lost");
  expect(await other.queues.length(next)).toBe(1);
  await other.publish(publicationTo(queue, { id: "mark" }));
  await eventually(() => expect([...inbox.deliveries, ...idle.inbox.deliveries].map(({ envelope }) => idOf(envelope))).toContain("mark"));
  expect(inbox.deliveries.length + idle.inbox.deliveries.length).toBe(2);
});

test("what is held takes its place of the read-ahead, and gives it back when it is settled", async () => {
  const [worker, other, queue] = [await open(), await open(), queueName()];
  for (const id of ["long", "next", "last"]) await other.publish(publicationTo(queue, { id }));
  const { inbox, delivery } = await hold(worker, queue);
  const idle = await consume(other, queue, { readAhead: 1 });
  const next = await idle.inbox.next();
  expect(idOf(next.envelope)).toBe("next");
  expect(inbox.deliveries).toHaveLength(1);
  expect(await other.queues.length(queue)).toBe(1);
  expect(await settle(delivery)).toBe("settled");
  expect(idOf((await inbox.next()).envelope)).toBe("last");
});

test("what a dead worker held goes to another one, counted once, also when the dead one had watched over all", async () => {
  const [other, queue] = [await open(), queueName()];
  await other.publish(publicationTo(queue, { id: "survivor", priority: 3 }));
  // The first to consume is the one that watches.
  const holder = await startHolder(queue);
  const { inbox } = await consume(other, queue);
  await holder.stop({ signal: "SIGKILL" });
  const again = await inbox.next();
  expect([idOf(again.envelope), again.deliveries, again.envelope.properties.priority]).toEqual(["survivor", 1, 3]);
  expect(await settle(again)).toBe("settled");
});

test("what the last of all workers held is found by the next one, and nothing is left behind", async () => {
  const queue = queueName();
  const producer = await open();
  await producer.publish(publicationTo(queue, { id: "suspect", headers: { [deliveriesHeader]: 1 } }));
  await (await startHolder(queue)).stop({ signal: "SIGKILL" });
  const worker = await open();
  const { inbox, consumer } = await consume(worker, queue);
  const again = await inbox.next();
  // Nobody had marked a run of it as begun.
  expect([idOf(again.envelope), again.deliveries]).toEqual(["suspect", 1]);
  await eventually(() => (again as AmqpDelivery).isHeld);
  expect(await settle(again)).toBe("settled");
  await consumer.close();
  const channel = await (await openClient()).createChannel();
  const expectNoTickets = async () => expect((await channel.checkQueue(ticketQueue)).messageCount).toBe(0);
  await eventually(async () => {
    const late = await consume(await open(), queueName());
    await eventually(expectNoTickets);
    // What the first one left it files when its owner is not seen for so long.
    await pause(2 * shortHold.goneAfterMs);
    await late.consumer.close();
    // They were filed, and not only in the hands of who watched.
    await expectNoTickets();
  });
});

test("a worker that is cut off for long loses what it held, and learns it when it settles", async () => {
  const { proxy, url } = await openProxy();
  const [worker, other, queue, next] = [await open(url), await open(), queueName(), queueName()];
  await other.declare(next);
  await other.publish(publicationTo(queue, { id: "long" }));
  const { inbox, delivery } = await hold(worker, queue);
  const heir = await consume(other, queue);
  proxy.refuse();
  const again = await heir.inbox.next();
  expect([idOf(again.envelope), again.deliveries]).toEqual(["long", 1]);
  await expect(settle(delivery)).rejects.toMatchObject({ code: "BROKER_UNREACHABLE" });
  proxy.accept();
  await eventually(() => inbox.events.includes("connected"));
  expect(await eventually(() => settle(delivery, acknowledge, [publicationTo(next)]))).toBe("lost");
  expect(await other.queues.length(next)).toBe(0);
  expect(await settle(again)).toBe("settled");
});

test("a consumer that closes hands back what it held, uncounted", async () => {
  const [worker, other, queue] = [await open(), await open(), queueName()];
  await other.publish(publicationTo(queue, { id: "long" }));
  const { consumer, delivery } = await hold(worker, queue);
  await consumer.close();
  expect(await settle(delivery)).toBe("lost");
  const { inbox } = await consume(other, queue);
  const again = await inbox.next();
  expect([idOf(again.envelope), again.deliveries]).toEqual(["long", 0]);
  expect(await settle(again)).toBe("settled");
});

test("many are held as one is, and read-ahead that waits behind long tasks with them", async () => {
  const [worker, other, queue] = [await open(), await open(), queueName()];
  const ids = Array.from({ length: 50 }, (_, n) => String(n));
  await Promise.all(ids.map((id) => other.publish(publicationTo(queue, { id }))));
  const { inbox } = await consume(worker, queue, { readAhead: ids.length });
  const deliveries = await inbox.take(ids.length);
  await eventually(() => deliveries.every((delivery) => (delivery as AmqpDelivery).isHeld));
  await other.publish(publicationTo(queue, { id: "more" }));
  expect(await Promise.all(deliveries.slice(1).map((delivery) => settle(delivery)))).toEqual(ids.slice(1).map(() => "settled"));
  const more = await inbox.next();
  expect(idOf(more.envelope)).toBe("more");
  expect([await settle(more), await settle(deliveries[0]!)]).toEqual(["settled", "settled"]);
});

test("a ticket that is on its way while others are taken anew does not end the channel of who watches", async () => {
  const { proxy, url } = await openProxy();
  const { logger, lines } = createNotebook();
  const [watcher, other, client] = [await open(url, {}, { logger }), await open(), await openClient()];
  await consume(watcher, queueName());
  const channel = await client.createChannel();
  const waiting = async () => (await channel.checkQueue(ticketQueue)).messageCount;
  const holdOne = async () => {
    const queue = queueName();
    await other.publish(publicationTo(queue));
    return (await hold(other, queue)).delivery;
  };
  const first = await holdOne();
  await eventually(async () => expect(await waiting()).toBe(0));
  proxy.stall();
  const second = await holdOne();
  // Nobody sees from outside when it gives back what it has, or acknowledges it.
  await pause(2 * (shortHold.watchEveryMs + shortHold.renewEveryMs));
  proxy.resume();
  expect([await settle(first), await settle(second)]).toEqual(["settled", "settled"]);
  await pause(2 * shortHold.watchEveryMs);
  expect(lines.map(({ fields }) => String(fields["error"])).filter((error) => error.includes("unknown delivery tag"))).toEqual([]);
});

test("where long tasks stay on their connection nothing is held", async () => {
  const [worker, queue] = [await open(undefined, { longTasks: "connection" }), queueName()];
  await worker.publish(publicationTo(queue));
  const { inbox, consumer } = await consume(worker, queue);
  const delivery = await inbox.next();
  const [other, held] = [await open(), queueName()];
  await other.publish(publicationTo(held));
  await hold(other, held);
  expect((delivery as AmqpDelivery).isHeld).toBe(false);
  expect(await settle(delivery)).toBe("settled");
  await consumer.close();
});
