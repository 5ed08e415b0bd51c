/** RabbitMQ: what becomes of deliveries when processes die, connections break and queues go. */
import { describe, expect, test } from "vitest";
import { deliveriesHeader } from "../../packages/core/src/envelope.ts";
import { consume, settle } from "../conformance/broker/world.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { queueName, useAmqp } from "../support/fault/amqp-world.ts";

const { open, openProxy, openClient, startConsumer } = useAmqp();

/** Starts a consumer process, kills it with its delivery in hand, and gives the count it was told. */
async function dieWithDelivery(queue: string, mode: "begin" | "hold"): Promise<number> {
  const consumer = startConsumer(queue, mode);
  await consumer.wrote(/"deliveries":\d+/, 30_000);
  await consumer.stop({ signal: "SIGKILL" });
  return Number(/"deliveries":(\d+)/.exec(consumer.output())?.[1]);
}

describe("a consumer that dies", () => {
  test("gives its message to another at once, with one run counted", async () => {
    const [broker, queue] = [await open(), queueName()];
    await broker.publish(publicationTo(queue, { id: "survivor" }));
    expect(await dieWithDelivery(queue, "hold")).toBe(0);
    const { inbox } = await consume(broker, queue);
    const again = await inbox.next();
    expect(idOf(again.envelope)).toBe("survivor");
    expect(again.deliveries).toBe(1);
    expect(await settle(again)).toBe("settled");
    expect(await broker.queues.length(queue)).toBe(0);
  });

  test("counts a suspect's further runs only if they had begun, and keeps the count over uncounted returns", async () => {
    const [broker, queue] = [await open(), queueName()];
    await broker.publish(publicationTo(queue));
    expect(await dieWithDelivery(queue, "hold")).toBe(0);
    expect(await dieWithDelivery(queue, "begin")).toBe(1);
    expect(await dieWithDelivery(queue, "hold")).toBe(2);
    expect(await dieWithDelivery(queue, "begin")).toBe(2);
    const { inbox } = await consume(broker, queue);
    const last = await inbox.next();
    expect(last.deliveries).toBe(3);
    expect(await settle(last)).toBe("settled");
  });
});

describe("a connection that breaks", () => {
  test("leaves a run that goes on its message: it is not delivered again, and settles", async () => {
    const { proxy, url } = await openProxy();
    const [worker, other, queue] = [await open(url), await open(), queueName()];
    await worker.publish(publicationTo(queue, { id: "running" }));
    const { inbox } = await consume(worker, queue);
    const running = await inbox.next();
    proxy.cut();
    await eventually(() => inbox.events.includes("connected"));
    await eventually(async () => (await running.begin()) === "settled");
    expect(await settle(running)).toBe("settled");
    expect(await other.queues.length(queue)).toBe(0);
    expect(inbox.deliveries).toHaveLength(1);
  });

  test("makes a settlement lost that comes before the message is back, and the message is delivered again", async () => {
    const { proxy, url } = await openProxy();
    const [worker, queue, next] = [await open(url), queueName(), queueName()];
    await worker.publish(publicationTo(queue));
    await worker.declare(next);
    const { inbox } = await consume(worker, queue);
    const held = await inbox.next();
    proxy.cut();
    await eventually(() => inbox.events.includes("disconnected"));
    expect(await settle(held, { kind: "acknowledge" }, [publicationTo(next)])).toBe("lost");
    const again = await inbox.next();
    expect(again.deliveries).toBe(1);
    expect(await settle(again)).toBe("settled");
    expect(await worker.queues.length(next)).toBe(0);
  });

  test("before a suspect's run was marked: the message is delivered again, for that run never began", async () => {
    const { proxy, url } = await openProxy();
    const [worker, other, queue] = [await open(url), await open(), queueName()];
    await other.publish(publicationTo(queue, { headers: { [deliveriesHeader]: 1 } }));
    const { inbox } = await consume(worker, queue);
    const suspect = await inbox.next();
    proxy.cut();
    await eventually(() => inbox.events.includes("disconnected"));
    expect(await suspect.begin()).toBe("lost");
    const again = await inbox.next();
    expect(again.deliveries).toBe(1);
    expect(await again.begin()).toBe("settled");
    expect(await settle(suspect)).toBe("lost");
    expect(await settle(again)).toBe("settled");
  });

  test("is noticed when it is only silent, and unanswered publications are then uncertain", { timeout: 90_000 }, async () => {
    const { proxy, url } = await openProxy();
    const [broker, queue] = [await open(url, { connection: { heartbeatMs: 1_000 } }), queueName()];
    await broker.declare(queue);
    proxy.stall();
    await expect(broker.publish(publicationTo(queue))).rejects.toMatchObject({ code: "PUBLISH_UNCERTAIN" });
    expect(broker.connected).toBe(false);
    proxy.resume();
    proxy.cut();
    await eventually(() => broker.connected);
    await broker.publish(publicationTo(queue));
  });
});

describe("refusals", () => {
  test("of a declaration or a look at what is not there do not touch publications under way", async () => {
    const [broker, queue, clashing] = [await open(), queueName(), queueName()];
    const channel = await (await openClient()).createChannel();
    await channel.assertExchange(clashing, "topic", { durable: true });
    await broker.declare(queue);
    const sent = Array.from({ length: 2_000 }, () => broker.publish(publicationTo(queue)));
    const refused = [
      broker.queues.length(queueName()),
      broker.queues.peek(queueName(), 1),
      broker.declare(clashing),
      broker.publish({ ...publicationTo(queue), route: { exchange: queueName(), routingKey: "nowhere" } }).catch((error) => error.code),
    ];
    expect(await Promise.all(refused)).toEqual([0, [], undefined, "PUBLISH_UNROUTABLE"]);
    await Promise.all(sent);
    expect(await broker.queues.length(queue)).toBe(2_000);
  });

  test("an exchange that leads nowhere makes a publication unroutable, and others go on", async () => {
    const [broker, queue, exchange] = [await open(), queueName(), queueName()];
    const channel = await (await openClient()).createChannel();
    await channel.assertExchange(exchange, "direct", { durable: true });
    const lost = broker.publish({ ...publicationTo(queue), route: { exchange, routingKey: "nowhere" } });
    const kept = broker.publish(publicationTo(queue));
    await expect(lost).rejects.toMatchObject({ code: "PUBLISH_UNROUTABLE", retryable: false });
    await kept;
  });

  test("of a name that AMQP has no room for are not taken for a lost connection", async () => {
    const broker = await open();
    const name = "q".repeat(300);
    await expect(broker.publish(publicationTo(name))).rejects.toMatchObject({ code: "PUBLISH_REJECTED", retryable: false });
    for (const ask of [() => broker.declare(name), () => broker.queues.length(name), () => broker.declare("")]) {
      await expect(ask()).rejects.toMatchObject({ code: "BROKER_REFUSED" });
    }
    const { inbox } = await consume(broker, queueName());
    const consumer = await broker.consume([queueName()], { worker: "ü".repeat(200), readAhead: 1, listener: inbox.listener });
    await consumer.close();
    expect(broker.connected).toBe(true);
  });

  test("a queue that was deleted is declared anew by the next publication", async () => {
    const [broker, queue] = [await open(), queueName()];
    await broker.publish(publicationTo(queue));
    const channel = await (await openClient()).createChannel();
    await channel.deleteQueue(queue);
    await broker.publish(publicationTo(queue));
    expect(await broker.queues.length(queue)).toBe(1);
  });

  test("a queue that is deleted under its consumer is declared anew and consumed", async () => {
    const [broker, queue] = [await open(), queueName()];
    const { inbox } = await consume(broker, queue);
    const channel = await (await openClient()).createChannel();
    await channel.deleteQueue(queue);
    await eventually(async () => {
      await broker.publish(publicationTo(queue, { id: "after" }));
      expect(inbox.waiting).toBeGreaterThan(0);
    });
    expect(idOf((await inbox.next()).envelope)).toBe("after");
  });
});

test("an integer beyond 32 bits in a header, as Python's client writes it, is read", async () => {
  const [broker, queue] = [await open(), queueName()];
  await broker.declare(queue);
  const client = await openClient();
  const channel = await client.createConfirmChannel();
  const confirmed = new Promise((resolve) => channel.once("ack", resolve));
  (client.connection as unknown as { sendBytes(bytes: Buffer): void }).sendBytes(messageWithLongInteger(queue, 1_234_567_890_123n));
  await confirmed;
  const { inbox } = await consume(broker, queue);
  const delivery = await inbox.next();
  expect(delivery.envelope.headers).toEqual({ big: 1_234_567_890_123 });
  expect(await settle(delivery, { kind: "requeue", counted: true })).toBe("settled");
  const again = await inbox.next();
  expect(again.envelope.headers["big"]).toBe(1_234_567_890_123);
  await settle(again);
});

/** The three frames of a message on channel 1 whose only header is `big`, with type code L. */
function messageWithLongInteger(queue: string, value: bigint): Buffer {
  const frame = (type: number, payload: Buffer) => {
    const head = Buffer.from([type, 0, 1, 0, 0, 0, 0]);
    head.writeUInt32BE(payload.length, 3);
    return Buffer.concat([head, payload, Buffer.from([0xce])]);
  };
  const publish = Buffer.concat([Buffer.from([0, 60, 0, 40, 0, 0, 0, queue.length]), Buffer.from(queue), Buffer.from([0])]);
  const table = Buffer.concat([Buffer.from([0, 0, 0, 13, 3]), Buffer.from("bigL"), Buffer.alloc(8)]);
  table.writeBigInt64BE(value, table.length - 8);
  const header = Buffer.concat([Buffer.from([0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x20, 0]), table]);
  return Buffer.concat([frame(1, publish), frame(2, header), frame(3, Buffer.from("[]"))]);
}

describe("several queues", () => {
  test("share one read-ahead", async () => {
    const [broker, left, right] = [await open(), queueName(), queueName()];
    const all = [left, right].flatMap((queue) => Array.from({ length: 5 }, () => broker.publish(publicationTo(queue))));
    await Promise.all(all);
    const { consumer, inbox } = await consume(broker, [left, right], { readAhead: 3 });
    const held = await inbox.take(3);
    const lengths = async () => (await broker.queues.length(left)) + (await broker.queues.length(right));
    await eventually(async () => (await lengths()) === 7);
    consumer.setReadAhead(4);
    await inbox.take(1);
    await eventually(async () => (await lengths()) === 6);
    await Promise.all(held.map((delivery) => settle(delivery)));
    await inbox.take(3);
    expect(inbox.waiting).toBe(0);
  });

  test("are consumed as well where the broker refuses a common limit, as for quorum queues", async () => {
    const [broker, quorum, classic] = [await open(), queueName(), queueName()];
    const channel = await (await openClient()).createChannel();
    await channel.assertQueue(quorum, { durable: true, arguments: { "x-queue-type": "quorum" } });
    await broker.publish(publicationTo(quorum, { id: "quorum" }));
    await broker.publish(publicationTo(classic, { id: "classic" }));
    const { inbox } = await consume(broker, [quorum, classic], { readAhead: 4 });
    const got = await inbox.take(2, 30_000);
    expect(got.map(({ envelope }) => idOf(envelope)).sort()).toEqual(["classic", "quorum"]);
    expect(await Promise.all(got.map((delivery) => settle(delivery)))).toEqual(["settled", "settled"]);
  });
});
