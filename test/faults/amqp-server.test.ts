/** RabbitMQ: what a server does to producers and workers when it stops, dies, and runs out of memory. */
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "amqplib";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Broker, Delivery } from "../../packages/core/src/broker.ts";
import { type AmqpBrokerOptions, createAmqpBroker } from "../../packages/core/src/brokers/amqp/broker.ts";
import { systemClock } from "../../packages/core/src/clock.ts";
import { deliveriesHeader } from "../../packages/core/src/envelope.ts";
import { createProducer } from "../../packages/core/src/producer.ts";
import { publishRetry } from "../../packages/core/src/publish-retry.ts";
import { consume, settle } from "../conformance/broker/world.ts";
import { driverContext } from "../support/driver-context.ts";
import { idOf, publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { createNotebook, type Notebook } from "../support/notebook.ts";
import { type RabbitmqServer, startRabbitmq } from "../support/rabbitmq-server.ts";
import { queuesOf } from "../support/router.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";

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

type NotedBroker = Broker & { readonly notes: Notebook };

async function open(options: Partial<AmqpBrokerOptions> = {}): Promise<NotedBroker> {
  const notes = createNotebook();
  const broker = createAmqpBroker(url, driverContext({ logger: notes.logger }), { resultUrl: null, ...options });
  brokers.push(broker);
  await broker.connect();
  return Object.assign(broker, { notes });
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
        // Ten who ask without a pause take the time from the server that starts.
        await pause(5);
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
  await raiseAlarm();
  try {
    const sent: string[] = [];
    const publications = ["a", "b", "c"].map((id) => producer.publish(publicationTo("after", { id })).then(() => sent.push(id)));
    await expect
      .poll(() => producer.health().then(String, (error: { code: string }) => error.code), { timeout: 15_000 })
      .toBe("BROKER_BLOCKED");
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
  const proxy = await startTcpProxy(server.port);
  onTestFinished(() => proxy.close());
  url = Object.assign(new URL(url), { port: String(proxy.port) }).href;
  const producer = await open();
  await producer.declare("never");
  await raiseAlarm();
  try {
    const first = producer.publish(publicationTo("never")).catch((error: { code: string }) => error.code);
    await eventually(() => producer.notes.lines.some(({ message }) => message.startsWith("RabbitMQ takes no publications now")));
    await expect(producer.health()).rejects.toMatchObject({ code: "BROKER_BLOCKED" });
    const second = producer.publish(publicationTo("never")).catch((error: { code: string }) => error.code);
    proxy.cut();
    expect(await first).toBe("PUBLISH_UNCERTAIN");
    expect(await second).toBe("PUBLISH_REJECTED");
  } finally {
    await server.evaluate("vm_memory_monitor:set_vm_memory_high_watermark(0.4).");
  }
});

/** As when its memory is full. A publication that comes before the connections know of it is confirmed, and its sender told nothing. */
async function raiseAlarm(): Promise<void> {
  await server.evaluate("vm_memory_monitor:set_vm_memory_high_watermark({absolute, 1}).");
  await eventually(() => server.evaluate("true = rabbit_alarm:get_alarms() =/= []."));
}

/** Runs `work` while the server has an alarm; `broker` has learnt of it by a publication to `queue`. */
async function whileBlocked(broker: NotedBroker, queue: string, work: () => Promise<void>): Promise<void> {
  await raiseAlarm();
  try {
    const first = broker.publish(publicationTo(queue));
    await eventually(() => broker.notes.lines.some(({ message }) => message.startsWith("RabbitMQ takes no publications now")));
    await work();
    await server.evaluate("vm_memory_monitor:set_vm_memory_high_watermark(0.4).");
    await first;
  } finally {
    await server.evaluate("vm_memory_monitor:set_vm_memory_high_watermark(0.4).");
  }
}

test("a publication held back for longer than its caller waits is never sent", async () => {
  await openWorld();
  const broker = await open();
  const producer = createProducer(broker, systemClock);
  const patient = { timeoutMs: 60_000, retry: publishRetry({}) };
  let waits: Promise<void> | null = null;
  await whileBlocked(broker, "known", async () => {
    const abort = new AbortController();
    waits = producer.publish(publicationTo("known", { id: "waits" }), patient);
    const impatient = Promise.allSettled([
      producer.publish(publicationTo("known", { id: "late" }), { timeoutMs: 200, retry: publishRetry({}) }),
      producer.publish(publicationTo("known", { id: "aborted" }), { ...patient, abort: abort.signal }),
    ]);
    abort.abort();
    const refusal = { code: "PUBLISH_REJECTED", message: expect.stringContaining("takes no publications now") };
    for (const each of await impatient) expect(each).toMatchObject({ status: "rejected", reason: refusal });
  });
  await waits;
  await broker.publish(publicationTo("known", { id: "after" }));
  const left = await broker.queues.peek("known", 10);
  expect(left.map(idOf).slice(1)).toEqual(["waits", "after"]);
});

test("a consumer is paused at once while the server takes no publications, and what it had not handed out is not counted", async () => {
  await openWorld();
  const [producer, worker, onlooker] = [await open(), await open(), await open()];
  const dueAt = systemClock.now() + 5_000;
  await Promise.all([producer.declare("early"), producer.declare("elsewhere")]);
  // A consumer holds what is early for a second.
  const client = await connect(url);
  const channel = await client.createConfirmChannel();
  channel.sendToQueue("early", Buffer.from("[[], {}, null]"), {
    messageId: "held",
    headers: { task: "t", id: "held", "x-celeriac-due": dueAt },
  });
  await channel.waitForConfirms();
  await client.close();
  await whileBlocked(producer, "elsewhere", async () => {
    const { consumer, inbox } = await consume(worker, "early");
    await eventually(async () => (await onlooker.queues.length("early")) === 0);
    await consumer.pause();
    expect(inbox.deliveries).toEqual([]);
  });
  const { inbox } = await consume(producer, "early");
  const held = await inbox.next(45_000);
  expect([idOf(held.envelope), held.deliveries]).toEqual(["held", 0]);
  expect(await settle(held)).toBe("settled");
});

test("a message that the server cannot take is told in its own words, and others go on", async () => {
  await openWorld();
  await server.evaluate("application:set_env(rabbit, max_message_size, 1000).");
  try {
    const broker = await open();
    await broker.declare("q");
    await expect(broker.publish(publicationTo("q", { body: Buffer.alloc(2_000) }))).rejects.toMatchObject({
      code: "PUBLISH_UNCERTAIN",
      message: expect.stringMatching(/message size \d+.* larger than/),
    });
    await eventually(() => broker.connected);
    await broker.publish(publicationTo("q"));
  } finally {
    await server.evaluate("application:set_env(rabbit, max_message_size, 134217728).");
  }
});

test("a queue that exists with other arguments than wanted is used as it is, and both are named", async () => {
  await openWorld();
  await (await open()).declare("plain");
  const broker = await open({ queues: queuesOf({ taskQueueMaxPriority: 9 }) });
  await broker.publish(publicationTo("plain"));
  await broker.publish(publicationTo("fresh"));
  expect(broker.notes.lines.filter(({ level }) => level === "warn")).toEqual([
    expect.objectContaining({ fields: { queue: "plain", reason: expect.stringMatching(/x-max-priority.*'9'.*current is none/) } }),
  ]);
  expect(await broker.queues.length("plain")).toBe(1);
});

test("a login that is refused when the worker connects again is told once as an error, and work goes on when it is mended", async () => {
  await openWorld();
  const broker = await open();
  const { inbox } = await consume(broker, "q");
  const change = (password: string) =>
    server.evaluate(`rabbit_auth_backend_internal:change_password(<<"guest">>, <<"${password}">>, <<"test">>).`);
  await change("changed");
  try {
    await server.evaluate('[rabbit_networking:close_connection(Pid, "test") || Pid <- rabbit_networking:connections()].');
    const told = () => broker.notes.lines.filter(({ level, fields }) => level === "error" && fields["errorCode"] === "BROKER_AUTH");
    // One for each of the two connections.
    await eventually(() => expect(told()).toHaveLength(2));
    await eventually(() =>
      expect(
        broker.notes.lines.filter(({ level, fields }) => level === "debug" && fields["errorCode"] === "BROKER_AUTH").length,
      ).toBeGreaterThan(3),
    );
    expect(told()).toHaveLength(2);
  } finally {
    await change("guest");
  }
  await eventually(() => inbox.events.includes("connected"));
});

test("a suspect's mark is gone when it is settled", async () => {
  await openWorld();
  const broker = await open();
  const begun = '[N || {resource, _, queue, <<"celeriac.begun.", _/binary>> = N} <- rabbit_amqqueue:list_names()].';
  const marks = async () => (await server.evaluate(begun)).split("Bin<").length;
  const before = await marks();
  await broker.publish(publicationTo("suspects", { headers: { [deliveriesHeader]: 2 } }));
  const { inbox } = await consume(broker, "suspects");
  const suspect = await inbox.next();
  expect(suspect.deliveries).toBe(2);
  expect(await suspect.begin()).toBe("settled");
  expect(await marks()).toBe(before + 1);
  expect(await settle(suspect)).toBe("settled");
  await eventually(async () => (await marks()) === before);
});
