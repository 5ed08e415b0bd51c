/** What each kind of process needs of RabbitMQ, and no more: the permissions in docs/security.md, under which the suites are run. */
import { randomUUID } from "node:crypto";
import { type App, createApp } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { afterEach, describe, expect, it } from "vitest";
import type { ResultBackend } from "../../packages/core/src/backend.ts";
import { createRpcBackend } from "../../packages/core/src/backends/rpc.ts";
import type { Broker } from "../../packages/core/src/broker.ts";
import { createAmqpBroker } from "../../packages/core/src/brokers/amqp/broker.ts";
import type { AmqpDelivery } from "../../packages/core/src/brokers/amqp/delivery.ts";
import { systemClock } from "../../packages/core/src/clock.ts";
import { silentLogger } from "../../packages/core/src/logger.ts";
import { driverContext } from "../support/driver-context.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { listenToEvents, tellEvent } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { shortHold } from "../support/fault/hold-timing.ts";
import { createNotebook } from "../support/notebook.ts";
import type { RabbitmqPermissions } from "../support/rabbitmq-server.ts";
import { type Role, rabbitmqPermissions } from "../support/roles.ts";
import { amqpUrl, amqpUserUrl } from "../support/servers.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { amqpTraits, openAmqpWorld } from "./broker/amqp-world.ts";
import { consume, settle } from "./broker/world.ts";
import { describeBroker } from "./broker-suite.ts";

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** The URLs of a new vhost: as a user who may do what the page says, and as an administrator. */
async function logIn(
  role: Role,
  permissions: RabbitmqPermissions = rabbitmqPermissions(role),
): Promise<{ readonly own: string; readonly all: string }> {
  const all = await amqpUrl();
  return { all, own: await amqpUserUrl(all, permissions) };
}

async function open(url: string): Promise<Broker> {
  const broker = createAmqpBroker(url, driverContext(), { resultUrl: null, holdTiming: shortHold });
  ends.push(() => broker.close());
  await broker.connect();
  return broker;
}

const queueName = () => `shop-${randomUUID()}`;
const refused = expect.objectContaining({ code: "BROKER_REFUSED", message: expect.stringContaining("ACCESS_REFUSED") });

describeBroker(
  "RabbitMQ with the permissions of a worker",
  async () => {
    const { all, own } = await logIn("worker");
    const { username, password } = new URL(own);
    return openAmqpWorld({ url: all, login: { username, password }, prefix: "shop" });
  },
  amqpTraits,
);

it("the permissions of a worker let it hold a long task apart from its connection, and give back what another one held", async () => {
  const { own } = await logIn("worker");
  const proxy = await startTcpProxy(Number(new URL(own).port));
  ends.push(() => proxy.close());
  const [worker, other, queue] = [await open(Object.assign(new URL(own), { port: String(proxy.port) }).href), await open(own), queueName()];
  await other.publish(publicationTo(queue, { id: "long" }));
  const held = (await (await consume(worker, queue)).inbox.next()) as AmqpDelivery;
  await eventually(() => held.isHeld);
  const heir = await consume(other, queue);
  proxy.refuse();
  const again = (await heir.inbox.next()) as AmqpDelivery;
  expect([idOf(again.envelope), again.deliveries]).toEqual(["long", 1]);
  await eventually(() => again.isHeld);
  expect(await settle(again)).toBe("settled");
});

it("a worker that may make no queues to hold long tasks in says so, and keeps them on its connection", async () => {
  const [configure, write, read] = rabbitmqPermissions("worker").map((pattern) => pattern.replaceAll(/held|alive/g, "none"));
  const { own } = await logIn("worker", [configure!, write!, read!]);
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const worker = createAmqpBroker(own, driverContext({ logger }), { resultUrl: null, holdTiming: shortHold });
  ends.push(() => worker.close());
  await worker.connect();
  const queue = queueName();
  await worker.publish(publicationTo(queue));
  const delivery = (await (await consume(worker, queue)).inbox.next()) as AmqpDelivery;
  await eventually(() => expect(warnings).toEqual([expect.stringContaining("Long tasks cannot be held")]));
  expect(delivery.isHeld).toBe(false);
  expect(await eventually(() => settle(delivery))).toBe("settled");
});

it("the permissions of a worker end with its app", async () => {
  const { own, all } = await logIn("worker");
  const [worker, owner] = [await open(own), await open(all)];
  await owner.publish(publicationTo("till"));
  await expect(consume(worker, "till")).rejects.toEqual(refused);
  await expect(worker.queues.peek("till", 1)).rejects.toEqual(refused);
  await expect(worker.declare("till-2")).rejects.toEqual(refused);
});

describe("replies", () => {
  /** An app whose results come by rpc://, and a queue that is there. */
  async function openApp(): Promise<{ readonly app: App; readonly queue: string }> {
    const { own, all } = await logIn("worker");
    const [owner, queue] = [await open(all), queueName()];
    await owner.declare(queue);
    const app = createApp("shop", { broker: own, backend: "rpc://", config: { publishTimeout: "30s" } });
    ends.push(() => app.close());
    return { app, queue };
  }

  it("are for callers: who only answers, or sends what is not answered, has no queue for them", async () => {
    const { app, queue } = await openApp();
    const { backend } = await runtimeOf(app)!.links();
    await backend!.connect();
    await backend!.health();
    await app.sendTask("t", [], { queue, ignoreResult: true });
  });

  it("are refused to who may have no queue for them, at once", async () => {
    const { app, queue } = await openApp();
    const { logger, lines } = createNotebook();
    runtimeOf(app)!.setLogger(logger);
    const { backend } = await runtimeOf(app)!.links();
    const words = expect.stringContaining("ACCESS_REFUSED");
    for (const _ of ["first", "second"]) {
      await expect(backend!.openReplies!()).rejects.toMatchObject({ code: "BACKEND_REFUSED", message: words });
      await expect(app.sendTask("t", [], { queue })).rejects.toMatchObject({ code: "PUBLISH_REJECTED", message: words });
    }
    expect(lines.filter(({ level }) => level === "warn")).toMatchObject([
      { message: expect.stringContaining("was refused"), fields: { reason: words } },
    ]);
  });
});

describe("the permissions of a producer", () => {
  it("are enough to send to queues that exist, at once and later, and to have replies", async () => {
    const { own, all } = await logIn("producer");
    const [producer, worker, queue] = [await open(own), await open(all), queueName()];
    await worker.declare(queue);
    await producer.publish(publicationTo(queue, { id: "now" }));
    await producer.publish({ ...publicationTo(queue, { id: "later" }), dueAt: systemClock.now() + 1_500 });
    const { inbox } = await consume(worker, queue, { onDelivery: (delivery) => void settle(delivery) });
    const deliveries = await inbox.take(2);
    expect(deliveries.map(({ envelope }) => idOf(envelope))).toEqual(["now", "later"]);

    const backends = [own, all].map((url) => createRpcBackend(url, driverContext(), { expiresMs: null }));
    for (const backend of backends) ends.push(() => backend.close());
    const [asking, answering] = backends as [ResultBackend, ResultBackend];
    await Promise.all([asking.openReplies!(), answering.connect()]);
    const record = { taskId: "t", attempt: 0, state: "SUCCESS", text: '{"status": "SUCCESS"}', replyTo: asking.replyTo, expiresMs: null };
    await answering.store(record);
    await eventually(async () => expect(await asking.get("t")).not.toBeNull());
  });

  it("let nobody take, see or delete what waits, nor make queues", async () => {
    const { own, all } = await logIn("producer");
    const [producer, owner, queue] = [await open(own), await open(all), queueName()];
    await owner.publish(publicationTo(queue));
    await expect(consume(producer, queue)).rejects.toEqual(refused);
    await expect(producer.queues.peek(queue, 1)).rejects.toEqual(refused);
    await expect(producer.queues.purge(queue)).rejects.toEqual(refused);
    await expect(producer.declare(queueName())).rejects.toEqual(refused);
    expect(await owner.queues.length(queue)).toBe(1);
  });
});

describe("the permissions of a monitor", () => {
  it("are enough to look into queues and to empty them, and not to send or to make any", async () => {
    const { own, all } = await logIn("monitor");
    const [monitor, owner, queue] = [await open(own), await open(all), queueName()];
    await owner.publish(publicationTo(queue, { id: "seen" }));
    expect(await monitor.queues.length(queue)).toBe(1);
    expect((await monitor.queues.peek(queue, 10)).map(idOf)).toEqual(["seen"]);
    await monitor.health();
    await expect(monitor.publish(publicationTo(queue))).rejects.toMatchObject({ message: expect.stringContaining("ACCESS_REFUSED") });
    await expect(monitor.declare(queueName())).rejects.toEqual(refused);
    expect(await monitor.queues.purge(queue)).toBe(1);
    expect(await owner.queues.length(queue)).toBe(0);
  });
});

it("the permissions of all roles let workers and producers tell events, and monitors hear them", async () => {
  const all = await amqpUrl();
  const openAs = async (role: Role) => await open(await amqpUserUrl(all, rabbitmqPermissions(role)));
  const [monitor, worker, producer] = [await openAs("monitor"), await openAs("worker"), await openAs("producer")];
  const heard: string[] = [];
  await listenToEvents(monitor, (id) => void heard.push(id));
  await tellEvent(worker, "of-worker");
  await tellEvent(producer, "of-producer");
  await eventually(() => heard.length >= 2);
  expect(heard).toEqual(["of-worker", "of-producer"]);
  await expect(tellEvent(monitor, "forged")).rejects.toMatchObject({ message: expect.stringContaining("ACCESS_REFUSED") });
  await expect(listenToEvents(producer, () => {})).rejects.toEqual(refused);
});

describe("every pattern", () => {
  it("of a producer is needed: without it sending is refused", async () => {
    const [configure, write, read] = rabbitmqPermissions("producer");
    const withoutOne: readonly RabbitmqPermissions[] = [
      ["^$", write, read],
      [configure, "^$", read],
      [configure, write, "^$"],
    ];
    for (const permissions of withoutOne) {
      const { own, all } = await logIn("producer", permissions);
      const [producer, owner, queue] = [await open(own), await open(all), queueName()];
      await owner.declare(queue);
      const sent = producer.publish({ ...publicationTo(queue), dueAt: systemClock.now() + 60_000 });
      await expect(sent).rejects.toMatchObject({ message: expect.stringContaining("ACCESS_REFUSED") });
    }
  });
});
