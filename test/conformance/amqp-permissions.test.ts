/** What each kind of process needs of RabbitMQ, and no more: the permissions in docs/security.md, under which the suites are run. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ResultBackend } from "../../packages/core/src/backend.ts";
import { createRpcBackend } from "../../packages/core/src/backends/rpc.ts";
import type { Broker } from "../../packages/core/src/broker.ts";
import { createAmqpBroker } from "../../packages/core/src/brokers/amqp/broker.ts";
import { systemClock } from "../../packages/core/src/clock.ts";
import { driverContext } from "../support/driver-context.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { type RabbitmqServer, startRabbitmq } from "../support/rabbitmq-server.ts";
import { amqpTraits, openAmqpWorld } from "./broker/amqp-world.ts";
import { consume, settle } from "./broker/world.ts";
import { describeBroker } from "./broker-suite.ts";

const page = readFileSync(new URL("../../docs/security.md", import.meta.url), "utf8");
const ends: (() => Promise<unknown>)[] = [];
let server: RabbitmqServer;

beforeAll(async () => {
  server = await startRabbitmq();
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(async () => {
  await server?.stop();
});

/** What the page gives a role: configure, write, read. */
function permissions(role: string): readonly [configure: string, write: string, read: string] {
  const patterns = new RegExp(`^rabbitmqctl set_permissions -p shop ${role} +'(.+)' '(.+)' '(.+)'$`, "m").exec(page);
  if (patterns === null) throw new Error(`docs/security.md has no permissions for ${role}`);
  return [patterns[1]!, patterns[2]!, patterns[3]!];
}

/** A user of a vhost who may do what the page says; the URLs to it as that user and as an administrator. */
async function logIn(role: string, vhost: string): Promise<{ readonly own: string; readonly all: string; readonly username: string }> {
  const all = await server.vhost(vhost);
  const username = `${role}-${vhost}`;
  await server.addUser(username, "secret");
  await server.permit(username, vhost, permissions(role));
  return { all, username, own: Object.assign(new URL(all), { username, password: "secret" }).href };
}

async function open(url: string): Promise<Broker> {
  const broker = createAmqpBroker(url, driverContext(), { resultUrl: null });
  ends.push(() => broker.close());
  await broker.connect();
  return broker;
}

const queueName = () => `shop-${randomUUID()}`;
const refused = expect.objectContaining({ code: "BROKER_REFUSED", message: expect.stringContaining("ACCESS_REFUSED") });

describeBroker(
  "RabbitMQ with the permissions of a worker",
  async () => {
    const { all, username } = await logIn("worker", "suite");
    return openAmqpWorld({ url: all, login: { username, password: "secret" }, prefix: "shop" });
  },
  amqpTraits,
);

it("the permissions of a worker end with its app", async () => {
  const { own, all } = await logIn("worker", "foreign");
  const [worker, owner] = [await open(own), await open(all)];
  await owner.publish(publicationTo("till"));
  await expect(consume(worker, "till")).rejects.toEqual(refused);
  await expect(worker.queues.peek("till", 1)).rejects.toEqual(refused);
  await expect(worker.declare("till-2")).rejects.toEqual(refused);
});

describe("the permissions of a producer", () => {
  it("are enough to send to queues that exist, at once and later, and to have replies", async () => {
    const { own, all } = await logIn("producer", "producer");
    const [producer, worker, queue] = [await open(own), await open(all), queueName()];
    await worker.declare(queue);
    await producer.publish(publicationTo(queue, { id: "now" }));
    await producer.publish({ ...publicationTo(queue, { id: "later" }), dueAt: systemClock.now() + 1_500 });
    const { inbox } = await consume(worker, queue, { onDelivery: (delivery) => void settle(delivery) });
    const deliveries = await inbox.take(2);
    expect(deliveries.map(({ envelope }) => idOf(envelope))).toEqual(["now", "later"]);

    const backends = [own, all].map((url) => createRpcBackend(url, driverContext(), { expiresMs: null }));
    for (const backend of backends) ends.push(() => backend.close());
    await Promise.all(backends.map((backend) => backend.connect()));
    const [asking, answering] = backends as [ResultBackend, ResultBackend];
    const record = { taskId: "t", attempt: 0, state: "SUCCESS", text: '{"status": "SUCCESS"}', replyTo: asking.replyTo, expiresMs: null };
    await answering.store(record);
    await eventually(async () => expect(await asking.get("t")).not.toBeNull());
  });

  it("let nobody take, see or delete what waits, nor make queues", async () => {
    const { own, all } = await logIn("producer", "producing");
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
    const { own, all } = await logIn("monitor", "monitor");
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

describe("every pattern", () => {
  it("of a producer and a monitor is needed: without it they are refused", async () => {
    const { own, all, username } = await logIn("producer", "less");
    const [owner, queue] = [await open(all), queueName()];
    await owner.declare(queue);
    const [configure, write, read] = permissions("producer");
    for (const less of [
      ["^$", write, read],
      [configure, "^$", read],
      [configure, write, "^$"],
    ] as const) {
      await server.permit(username, "less", less);
      const producer = await open(own);
      const sent = producer.publish({ ...publicationTo(queue), dueAt: systemClock.now() + 60_000 });
      await expect(sent).rejects.toMatchObject({ message: expect.stringContaining("ACCESS_REFUSED") });
    }
  });
});
