/** Headers and properties between our RabbitMQ driver and Python's client, both ways. */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import type { Broker } from "../../packages/core/src/broker.ts";
import { createAmqpBroker } from "../../packages/core/src/brokers/amqp/broker.ts";
import { consume, settle } from "../conformance/broker/world.ts";
import { driverContext } from "../support/driver-context.ts";
import { publicationTo } from "../support/envelopes.ts";
import { debianPython } from "../support/install.ts";
import { amqpUrl } from "../support/servers.ts";

const script = fileURLToPath(new URL("./amqp_headers.py", import.meta.url));
const brokers: Broker[] = [];

afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.close()));
});

async function openWorld(): Promise<{ readonly broker: Broker; readonly queue: string; python(command: "get" | "put"): Promise<string> }> {
  const url = await amqpUrl();
  const broker = createAmqpBroker(url, driverContext(), { resultUrl: null });
  brokers.push(broker);
  await broker.connect();
  const queue = `queue-${randomUUID()}`;
  await broker.declare(queue);
  return { broker, queue, python: async (command) => (await promisify(execFile)(debianPython, [script, command, url, queue])).stdout };
}

test("Python reads every header and property as it was meant", async () => {
  const { broker, queue, python } = await openWorld();
  const headers = {
    timelimit: [300, 240],
    retries: 128,
    bytes: [127, 128, 255, 256, 32_767, 32_768, 65_536, -1, -129],
    big: 2 ** 40,
    half: 0.5,
    flag: true,
    nothing: null,
    argsrepr: "('grüße 🦊',)",
    nested: { deep: [{ deeper: 1_000 }] },
  };
  const sent = publicationTo(queue, { headers, priority: 5 });
  await broker.publish(sent);
  const seen = JSON.parse(await python("get"));
  expect(seen.headers).toEqual(sent.envelope.headers);
  expect(seen.body).toBe("[[], {}, null]");
  expect(seen.properties).toEqual({
    message_id: sent.envelope.properties.deliveryTag,
    correlation_id: sent.envelope.properties.correlationId,
    priority: 5,
    delivery_mode: 2,
    expiration: null,
    reply_to: null,
  });
});

test("an unset priority is sent as 0, as Celery does", async () => {
  const { broker, queue, python } = await openWorld();
  await broker.publish(publicationTo(queue));
  expect(JSON.parse(await python("get")).properties.priority).toBe(0);
});

test("every type Python writes is read, and still there after it was published again", async () => {
  const { broker, queue, python } = await openWorld();
  await python("put");
  const { inbox } = await consume(broker, queue);
  const expected = {
    text: "grüße",
    small: 5,
    int: -70_000,
    long: 2 ** 40,
    negative_long: -(2 ** 40),
    float: 1.5,
    true: true,
    none: null,
    list: [1, 2 ** 33, ["x"]],
    table: { deep: 2 ** 34 },
    at: { "!": "timestamp", value: Date.UTC(2026, 0, 2, 3, 4, 5) / 1_000 },
    price: { "!": "decimal", value: { places: 1, digits: 105 } },
  };
  const first = await inbox.next();
  expect(first.envelope.headers).toEqual(expected);
  expect(first.envelope.properties).toMatchObject({ correlationId: "from-python", deliveryTag: "from-python" });
  await settle(first, { kind: "requeue", counted: true });
  const again = await inbox.next();
  expect(again.envelope.headers).toMatchObject(expected);
  expect(again.deliveries).toBe(1);
  await settle(again);
});
