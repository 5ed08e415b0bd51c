/** RabbitMQ: what a server does to producers and workers when it stops, dies, and runs out of memory. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Broker, Delivery } from "../../packages/core/src/broker.ts";
import { createAmqpBroker } from "../../packages/core/src/brokers/amqp/broker.ts";
import { deliveriesHeader } from "../../packages/core/src/envelope.ts";
import { consume, settle } from "../conformance/broker/world.ts";
import { driverContext } from "../support/driver-context.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { type RabbitmqServer, startRabbitmq } from "../support/rabbitmq-server.ts";

let server: RabbitmqServer;
let url: string;
let vhosts = 0;
const brokers: Broker[] = [];

beforeAll(async () => {
  server = await startRabbitmq();
});

afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.close()));
});

afterAll(async () => {
  await server?.stop();
});

async function openWorld(): Promise<void> {
  vhosts += 1;
  url = await server.vhost(`vhost-${vhosts}`);
}

async function open(): Promise<Broker> {
  const broker = createAmqpBroker(url, driverContext(), { resultUrl: null });
  brokers.push(broker);
  await broker.connect();
  return broker;
}

for (const hard of [false, true]) {
  test(`a server that ${hard ? "was killed" : "was stopped"} and comes back has lost nothing it confirmed, and work goes on by itself`, {
    timeout: 120_000,
  }, async () => {
    await openWorld();
    const [producer, worker] = [await open(), await open()];
    const confirmed = new Set<string>();
    const seen = new Set<string>();
    const settling = (delivery: Delivery) => {
      seen.add(idOf(delivery.envelope));
      settle(delivery).catch(() => {});
    };
    const { inbox } = await consume(worker, "restarted", { readAhead: 20, onDelivery: settling });
    let publishing = true;
    let count = 0;
    const publishers = Array.from({ length: 10 }, async () => {
      while (publishing) {
        const id = `task-${count++}`;
        const outcome = await producer.publish(publicationTo("restarted", { id })).then(
          () => confirmed.add(id),
          (error: { code: string }) => error.code,
        );
        if (typeof outcome !== "string") continue;
        expect(["PUBLISH_REJECTED", "PUBLISH_UNCERTAIN"]).toContain(outcome);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    await eventually(() => confirmed.size > 500 && seen.size > 100);
    await server.restart({ hard });
    const before = confirmed.size;
    const seenBefore = seen.size;
    await eventually(() => confirmed.size > before + 500 && seen.size > seenBefore + 500, { withinMs: 30_000 });
    expect(inbox.events).toContain("connected");
    publishing = false;
    await Promise.all(publishers);
    await eventually(() => [...confirmed].every((id) => seen.has(id)), { withinMs: 60_000 });
    await eventually(async () => (await producer.queues.length("restarted")) === 0);
  });
}

test("a server out of memory holds publications back without failing them, and still takes acknowledgements", async () => {
  await openWorld();
  const [producer, worker] = [await open(), await open()];
  await producer.publish(publicationTo("held"));
  await producer.publish(publicationTo("held"));
  const { inbox } = await consume(worker, "held", { readAhead: 1 });
  const first = await inbox.next();
  await server.evaluate("vm_memory_monitor:set_vm_memory_high_watermark({absolute, 1}).");
  try {
    const sent: string[] = [];
    const publications = ["a", "b", "c"].map((id) => producer.publish(publicationTo("after", { id })).then(() => sent.push(id)));
    await expect
      .poll(() => producer.health().then(String, (error: { code: string }) => error.code), { timeout: 15_000 })
      .toBe("BROKER_REFUSED");
    publications.push(producer.publish(publicationTo("after", { id: "d" })).then(() => sent.push("d")));
    // The acknowledgement arrives: the server gives the next one only when it does.
    expect(await settle(first)).toBe("settled");
    expect(await settle(await inbox.next())).toBe("settled");
    expect(sent).toEqual([]);
    await server.evaluate("vm_memory_monitor:set_vm_memory_high_watermark(0.4).");
    await Promise.all(publications);
    expect(sent).toEqual(["a", "b", "c", "d"]);
  } finally {
    await server.evaluate("vm_memory_monitor:set_vm_memory_high_watermark(0.4).");
  }
  await producer.health();
});

test("publications held back are rejected, not uncertain, when the connection goes", async () => {
  await openWorld();
  const producer = await open();
  await producer.declare("never");
  await server.evaluate("vm_memory_monitor:set_vm_memory_high_watermark({absolute, 1}).");
  const first = producer.publish(publicationTo("never")).catch((error: { code: string }) => error.code);
  await expect
    .poll(() => producer.health().then(String, (error: { code: string }) => error.code), { timeout: 15_000 })
    .toBe("BROKER_REFUSED");
  const second = producer.publish(publicationTo("never")).catch((error: { code: string }) => error.code);
  await server.restart({ hard: true });
  expect(await first).toBe("PUBLISH_UNCERTAIN");
  expect(await second).toBe("PUBLISH_REJECTED");
});

test("a suspect's mark is gone when it is settled", async () => {
  await openWorld();
  const broker = await open();
  const marks = async () => (await server.evaluate("[N || {resource, _, queue, N} <- rabbit_amqqueue:list_names()].")).split("Bin<").length;
  const before = await marks();
  await broker.publish(publicationTo("suspects", { headers: { [deliveriesHeader]: 2 } }));
  const { inbox } = await consume(broker, "suspects");
  const suspect = await inbox.next();
  expect(suspect.deliveries).toBe(2);
  expect(await suspect.begin()).toBe("settled");
  expect(await marks()).toBe(before + 2);
  expect(await settle(suspect)).toBe("settled");
  await eventually(async () => (await marks()) === before + 1);
});

test("a wrong password and an unknown vhost are told apart, without the password", async () => {
  await openWorld();
  const attempt = async (change: (address: URL) => void) => {
    const address = new URL(url);
    change(address);
    const broker = createAmqpBroker(address.href, driverContext(), { resultUrl: null });
    brokers.push(broker);
    return await broker.connect().then(
      () => null,
      (error: Error & { code: string }) => error,
    );
  };
  const wrong = await attempt((address) => {
    address.password = "not-the-password";
  });
  expect(wrong).toMatchObject({ code: "BROKER_AUTH" });
  expect(await attempt((address) => Object.assign(address, { pathname: "/nowhere" }))).toMatchObject({ code: "BROKER_REFUSED" });
  expect(await attempt((address) => Object.assign(address, { port: "1" }))).toMatchObject({ code: "BROKER_UNREACHABLE" });
  for (let error: unknown = wrong; error instanceof Error; error = error.cause) expect(error.stack).not.toContain("not-the-password");
});
