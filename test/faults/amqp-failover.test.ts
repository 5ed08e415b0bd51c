/** Several RabbitMQs: what becomes of producers and workers when the one they are connected to dies, falls silent, or refuses them. */
import { createApp } from "@celeriac/core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { ConnectionOptions } from "../../packages/core/src/amqp/address.ts";
import type { Broker, Delivery } from "../../packages/core/src/broker.ts";
import { createAmqpBroker } from "../../packages/core/src/brokers/amqp/broker.ts";
import { systemClock } from "../../packages/core/src/clock.ts";
import { createProducer } from "../../packages/core/src/producer.ts";
import { publishRetry } from "../../packages/core/src/publish-retry.ts";
import { consume, settle } from "../conformance/broker/world.ts";
import { driverContext } from "../support/driver-context.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { createNotebook, type Notebook } from "../support/notebook.ts";
import { type RabbitmqServer, startRabbitmq } from "../support/rabbitmq-server.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

let first: RabbitmqServer;
let second: RabbitmqServer;
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  [first, second] = await Promise.all([startRabbitmq(), startRabbitmq()]);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(async () => {
  await Promise.all([first?.stop(), second?.stop()]);
});

type NotedBroker = Broker & { readonly notes: Notebook };

async function open(urls: readonly string[], connection: Partial<ConnectionOptions> = {}): Promise<NotedBroker> {
  const notes = createNotebook();
  const broker = createAmqpBroker(urls.join(";"), driverContext({ logger: notes.logger }), { resultUrl: null, connection });
  ends.push(() => broker.close());
  await broker.connect();
  return Object.assign(broker, { notes });
}

/** Two ways to one server, as to two nodes of a cluster. */
async function openWays(): Promise<readonly { readonly proxy: TcpProxy; readonly url: string }[]> {
  const proxies = await Promise.all([startTcpProxy(first.port), startTcpProxy(first.port)]);
  for (const proxy of proxies) ends.push(() => proxy.close());
  return proxies.map((proxy) => ({ proxy, url: first.url.replace(`:${first.port}`, `:${proxy.port}`) }));
}

test("a server that falls silent is left for the next, where what was held comes again", { timeout: 120_000 }, async () => {
  const [one, other] = await openWays();
  const urls = [one!.url, other!.url];
  const worker = await open(urls, { heartbeatMs: 1_000 });
  const sender = await open([first.url]);
  for (const id of ["a", "b", "c"]) await sender.publish(publicationTo("silent", { id }));
  const { inbox } = await consume(worker, "silent", { readAhead: 3 });
  await inbox.take(3);
  expect(other!.proxy.connections).toBe(0);
  one!.proxy.stall();
  await eventually(() => inbox.events.includes("connected"), { withinMs: 60_000 });
  expect(other!.proxy.connections).toBeGreaterThan(0);
  const settled = new Set<string>();
  const asked = new Set<Delivery>();
  await eventually(async () => {
    for (const delivery of inbox.deliveries.filter((each) => !asked.has(each))) {
      asked.add(delivery);
      if ((await settle(delivery)) === "settled") settled.add(idOf(delivery.envelope));
    }
    expect([...settled].sort()).toEqual(["a", "b", "c"]);
  });
  await eventually(async () => (await sender.queues.length("silent")) === 0);
  await eventually(() => worker.connected);
  await worker.publish(publicationTo("silent", { id: "after" }));
});

test("a server that refuses the login is passed over, and told", async () => {
  const wrong = first.url.replace("guest:guest", "guest:geheim");
  const broker = await open([wrong, second.url]);
  await broker.publish(publicationTo("refused"));
  const told = broker.notes.lines.filter(({ level }) => level === "warn");
  expect(told).toEqual([
    expect.objectContaining({ fields: expect.objectContaining({ passedOver: [expect.stringContaining("refused the login")] }) }),
  ]);
  expect(JSON.stringify(told)).not.toContain("geheim");
});

test("none that can be reached is one error that names them all", async () => {
  const [one, other] = await openWays();
  for (const { proxy } of [one!, other!]) proxy.refuse();
  await expect(open([one!.url, other!.url])).rejects.toMatchObject({
    code: "BROKER_UNREACHABLE",
    message: expect.stringMatching(new RegExp(`:${one!.proxy.port}.*:${other!.proxy.port}`, "s")),
  });
});

test("an app takes them as a list, with replies that come on the same way", async () => {
  const [one, other] = await openWays();
  one!.proxy.refuse();
  const app = createApp("several", { broker: [one!.url, other!.url] });
  await app.connect();
  await app.sendTask("t", [], { queue: "several" });
  expect(await app.health()).toEqual({ broker: "up", backend: "up" });
  one!.proxy.accept();
  other!.proxy.refuse();
  await eventually(async () => expect(await app.health()).toEqual({ broker: "up", backend: "up" }));
  await app.sendTask("t", [], { queue: "several" });
  await app.close();
  const onlooker = await open([first.url]);
  expect(await onlooker.queues.length("several")).toBe(2);
});

// The last one: it leaves the second server dead.
test("work goes on at the next server when one dies, and back at that one when the next dies, too", { timeout: 180_000 }, async () => {
  const urls = [first.url, second.url];
  const [sender, worker] = [await open(urls), await open(urls)];
  const producer = createProducer(sender, systemClock);
  const confirmed = new Set<string>();
  const seen = new Set<string>();
  const { inbox } = await consume(worker, "failover", {
    onDelivery(delivery: Delivery) {
      seen.add(idOf(delivery.envelope));
      settle(delivery).catch(() => {});
    },
  });
  const send = async (id: string) => {
    const publication = publicationTo("failover", { id });
    await producer.publish(publication, { timeoutMs: 60_000, retry: publishRetry({}) }).then(
      () => confirmed.add(id),
      // Sent to the server that died before it answered.
      (error: { code: string }) => expect(error.code).toBe("PUBLISH_UNCERTAIN"),
    );
  };
  const sendMany = (phase: string) => Promise.all(Array.from({ length: 200 }, (_, n) => send(`${phase}-${n}`)));

  const dying = sendMany("dying");
  await eventually(() => seen.size > 20);
  await first.down({ hard: true });
  await dying;
  await sendMany("second");
  await eventually(() => Array.from({ length: 200 }, (_, n) => `second-${n}`).every((id) => seen.has(id)));
  expect(inbox.events).toContain("connected");
  expect(worker.notes.lines).toContainEqual(
    expect.objectContaining({
      level: "warn",
      message: "Connected to another RabbitMQ",
      fields: expect.objectContaining({ broker: expect.stringContaining(String(second.port)) }),
    }),
  );

  await eventually(async () => (await sender.queues.length("failover")) === 0);
  await first.up();
  await second.down({ hard: true });
  await sendMany("first");
  // What the first server had when it died is still there.
  await eventually(() => [...confirmed].every((id) => seen.has(id)), { withinMs: 60_000 });
});
