/** Broker cases: what is told to whoever listens at the moment. */
import { expect, test } from "vitest";
import type { Broker, LiveExchange, Subscription } from "../../../packages/core/src/broker.ts";
import type { Envelope } from "../../../packages/core/src/envelope.ts";
import { createEnvelope, idOf } from "../../support/envelopes.ts";
import { eventually } from "../../support/eventually.ts";
import type { BrokerTraits, BrokerWorld, OpenCase } from "./world.ts";

interface Ear {
  readonly subscription: Subscription;
  readonly heard: (readonly [routingKey: string, envelope: Envelope])[];
  /** how often it was said that it hears again */
  readonly resumptions: () => number;
  ids(): readonly string[];
}

const newExchange = (world: BrokerWorld, type: LiveExchange["type"] = "topic"): LiveExchange => ({
  name: world.queue(),
  type,
  durable: type === "topic",
});

async function listen(broker: Broker, exchange: LiveExchange, routingKey?: string): Promise<Ear> {
  const heard: (readonly [string, Envelope])[] = [];
  let resumed = 0;
  const subscription = await broker.subscribe(exchange, {
    routingKey,
    queueName: (id) => `${exchange.name}.${routingKey ?? ""}.${id}`,
    messageTtlMs: 5_000,
    expiresMs: 60_000,
    heard: (envelope, routingKey) => void heard.push([routingKey, envelope]),
    resumed() {
      resumed += 1;
    },
  });
  return { subscription, heard, resumptions: () => resumed, ids: () => heard.map(([, envelope]) => idOf(envelope) as string) };
}

const tell = (broker: Broker, exchange: LiveExchange, id: string, routingKey = "worker.online") =>
  broker.broadcast(exchange, routingKey, createEnvelope({ id }));

export function describeBroadcasting(open: OpenCase, traits: BrokerTraits): void {
  test("everyone who listens hears what is told, in order and as it was sent", async (context) => {
    const { connect, world } = open(context);
    const [teller, first, second] = [await connect(), await connect(), await connect()];
    const exchange = newExchange(world);
    const ears = [
      await listen(first, exchange),
      await listen(first, exchange),
      await listen(second, exchange),
      await listen(teller, exchange),
    ];
    const sent = createEnvelope({ id: "0", headers: { hostname: "celery@h\u00f6st" }, body: Buffer.from('[{"a": 1}]') });
    await teller.broadcast(exchange, "task.multi", sent);
    for (let id = 1; id < 20; id++) await tell(teller, exchange, String(id));
    for (const { heard, ids } of ears) {
      await eventually(() => heard.length >= 20);
      expect(ids()).toEqual(Array.from({ length: 20 }, (_, id) => String(id)));
      const [routingKey, { headers, body, properties }] = heard[0]!;
      expect([routingKey, heard[1]![0]]).toEqual(["task.multi", "worker.online"]);
      expect(headers["hostname"]).toBe("celery@h\u00f6st");
      expect(Buffer.from(body).toString()).toBe('[{"a": 1}]');
      expect(properties.contentType).toBe("application/json");
    }
  });

  test("who begins to listen while another one ends hears all that is told then", async (context) => {
    const { connect, world } = open(context);
    const broker = await connect();
    const exchange = newExchange(world);
    for (const others of [0, 1]) {
      if (others > 0) await listen(broker, newExchange(world));
      const before = await listen(broker, exchange);
      const beginning = listen(broker, exchange);
      // Asked for first, and of the same turn of the event loop.
      for (let step = 0; step < 50; step++) await null;
      const [ear] = await Promise.all([beginning, before.subscription.close()]);
      await tell(broker, exchange, "heard");
      await eventually(() => ear.heard.length > 0);
      await ear.subscription.close();
    }
  });

  test("nobody who listens is no error, and who listens later hears nothing of it", async (context) => {
    const { connect, world } = open(context);
    const broker = await connect();
    const exchange = newExchange(world, "fanout");
    await tell(broker, exchange, "too early", "");
    const ear = await listen(broker, exchange);
    await tell(broker, exchange, "heard", "");
    await eventually(() => ear.heard.length > 0);
    expect(ear.ids()).toEqual(["heard"]);
  });

  test("nothing more is heard after the end of a subscription, nor of another exchange", async (context) => {
    const { connect, world } = open(context);
    const [teller, listener] = [await connect(), await connect()];
    const [exchange, other] = [newExchange(world), newExchange(world)];
    const [left, stays, elsewhere] = [await listen(listener, exchange), await listen(listener, exchange), await listen(listener, other)];
    await tell(teller, exchange, "before");
    await eventually(() => left.heard.length > 0 && stays.heard.length > 0);
    await left.subscription.close();
    await left.subscription.close();
    await tell(teller, exchange, "after");
    await tell(teller, other, "other");
    await eventually(() => stays.heard.length > 1 && elsewhere.heard.length > 0);
    expect([left.ids(), stays.ids(), elsewhere.ids()]).toEqual([["before"], ["before", "after"], ["other"]]);
  });

  test("what is told directly is heard by those alone who listen under its key, while they listen", async (context) => {
    const { connect, world } = open(context);
    const [teller, listener] = [await connect(), await connect()];
    const exchange = { ...newExchange(world, "direct"), durable: false };
    await tell(teller, exchange, "too early", "one");
    const [one, two] = [await listen(listener, exchange, "one"), await listen(listener, exchange, "two")];
    for (const key of ["one", "two", "three"]) {
      await tell(teller, exchange, `${key} first`, key);
      await tell(teller, exchange, `${key} second`, key);
    }
    await eventually(() => one.heard.length > 1 && two.heard.length > 1);
    await one.subscription.close();
    await one.subscription.close();
    await tell(teller, exchange, "too late", "one");
    await tell(teller, exchange, "two third", "two");
    await eventually(() => two.heard.length > 2);
    expect([one.ids(), two.ids()]).toEqual([
      ["one first", "one second"],
      ["two first", "two second", "two third"],
    ]);
    expect(one.heard[0]![0]).toBe("one");
    await two.subscription.close();
  });

  test("leaves no queue of tasks behind", async (context) => {
    const { connect, world } = open(context);
    const broker = await connect();
    const exchange = newExchange(world);
    const ear = await listen(broker, exchange);
    await tell(broker, exchange, "a");
    await eventually(() => ear.heard.length > 0);
    const queues = await broker.queues.list();
    expect(queues?.filter((queue) => queue.startsWith(exchange.name)) ?? []).toEqual([]);
  });

  test("is refused, as something that may be tried again, while there is no connection", async (context) => {
    const { world } = open(context);
    const broker = world.open();
    await expect(tell(broker, newExchange(world), "a")).rejects.toMatchObject({ code: "PUBLISH_REJECTED", retryable: true });
    await broker.connect();
    const ear = await listen(broker, newExchange(world));
    await broker.close();
    await ear.subscription.close();
    await expect(tell(broker, newExchange(world), "a")).rejects.toMatchObject({ code: "PUBLISH_REJECTED" });
    await expect(listen(broker, newExchange(world))).rejects.toMatchObject({ code: "BROKER_CLOSED" });
  });

  if (!traits.reconnects) return;
  test("hears again after the connection was cut, and says so", async (context) => {
    const { connect, world } = open(context);
    const [teller, listener] = [await connect(), await connect()];
    const exchange = newExchange(world);
    const ear = await listen(listener, exchange);
    expect(ear.resumptions()).toBe(0);
    await world.breakConnections!();
    await eventually(() => ear.resumptions() > 0, { withinMs: world.recoveryMs });
    await eventually(
      async () => {
        if (!teller.connected) await teller.connect();
        await tell(teller, exchange, "again");
        await eventually(() => ear.heard.length > 0, { withinMs: 200 });
      },
      { withinMs: world.recoveryMs, everyMs: 50 },
    );
    expect(new Set(ear.ids())).toEqual(new Set(["again"]));
  });
}
