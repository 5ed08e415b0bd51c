/** Broker cases: what becomes of a publication. */
import { randomBytes } from "node:crypto";
import { PublishError } from "@celeriac/core";
import { expect, test } from "vitest";
import { idOf, publicationTo } from "../../support/envelopes.ts";
import { eventually } from "../../support/eventually.ts";
import { type BrokerTraits, consume, type OpenCase, settle } from "./world.ts";

export function describePublishing(open: OpenCase, traits: BrokerTraits): void {
  test("confirms a publication that is then delivered with headers, properties and body as they were", async (context) => {
    const { connect, world } = open(context);
    const [producer, worker, queue] = [await connect(), await connect(), world.queue()];
    const body = new TextEncoder().encode('[["grüße", "日本語", "🦊", "\\u0000"], {}, null]');
    const sent = publicationTo(queue, { body, headers: { "x-own": { nested: [1, "zwei", null] }, argsrepr: "('grüße 🦊',)" } });
    await producer.publish(sent);
    const { inbox } = await consume(worker, queue);
    const delivery = await inbox.next();
    expect(delivery.queue).toBe(queue);
    expect(delivery.deliveries).toBe(0);
    expect(delivery.redelivered).toBe(false);
    expect(delivery.envelope.headers).toMatchObject(sent.envelope.headers);
    expect(delivery.envelope.properties).toMatchObject({
      contentType: "application/json",
      contentEncoding: "utf-8",
      correlationId: idOf(sent.envelope),
      replyTo: null,
      deliveryTag: sent.envelope.properties.deliveryTag,
    });
    expect(Buffer.from(delivery.envelope.body).equals(body)).toBe(true);
    expect(await settle(delivery)).toBe("settled");
  });

  test("refuses a publication before it is connected", async (context) => {
    const { world } = open(context);
    const broker = world.open();
    expect(broker.connected).toBe(false);
    await expect(broker.publish(publicationTo(world.queue()))).rejects.toMatchObject({ code: "PUBLISH_REJECTED", retryable: true });
    await broker.close();
  });

  test("refuses a publication after it was closed", async (context) => {
    const { connect, world } = open(context);
    const broker = await connect();
    await broker.close();
    await broker.close();
    await expect(broker.publish(publicationTo(world.queue()))).rejects.toMatchObject({
      code: expect.stringMatching(/PUBLISH_REJECTED|BROKER_CLOSED/),
    });
  });

  test("carries a body of 1 MB with every byte in it", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    const body = randomBytes(1024 * 1024);
    await broker.publish(publicationTo(queue, { body }));
    const { inbox } = await consume(broker, queue);
    const delivery = await inbox.next();
    expect(Buffer.from(delivery.envelope.body).equals(body)).toBe(true);
    await settle(delivery);
  });

  test("keeps the order of many publications made in one turn", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    const sent = Array.from({ length: 300 }, () => publicationTo(queue));
    await Promise.all(sent.map((publication) => broker.publish(publication)));
    const { inbox } = await consume(broker, queue, { readAhead: 1000 });
    const got = await inbox.take(300);
    expect(got.map(({ envelope }) => idOf(envelope))).toEqual(sent.map(({ envelope }) => idOf(envelope)));
    expect(await Promise.all(got.map((delivery) => settle(delivery)))).toEqual(got.map(() => "settled"));
  });

  test("writes nothing of a publication before it may depart, nor where it may not", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    await broker.declare(queue);
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const passage = (depart: () => Promise<void>) => ({ isOver: false, withdraw: null, depart });
    const sending = broker.publish(
      publicationTo(queue),
      passage(() => gate),
    );
    const refusal = new PublishError("PUBLISH_REJECTED", "it may not", { retryable: true });
    await expect(
      broker.publish(
        publicationTo(queue),
        passage(() => Promise.reject(refusal)),
      ),
    ).rejects.toBe(refusal);
    // A round trip after it was asked for, nothing is there.
    await broker.publish(publicationTo(queue));
    expect(await broker.queues.length(queue)).toBe(1);
    go();
    await sending;
    await eventually(async () => (await broker.queues.length(queue)) === 2);
  });

  if (traits.unsetPriority !== null) {
    test("delivers higher priorities first", async (context) => {
      const { connect, world } = open(context);
      const [broker, queue] = [await connect(), world.queue({ priorities: true })];
      for (const priority of [0, 5, 9, 5]) await broker.publish(publicationTo(queue, { priority, headers: { wanted: priority } }));
      await eventually(async () => (await broker.queues.length(queue)) === 4);
      const { inbox } = await consume(broker, queue, { readAhead: 1, onDelivery: (delivery) => void settle(delivery) });
      const got = await inbox.take(4);
      expect(got.map(({ envelope }) => envelope.headers["wanted"])).toEqual([9, 5, 5, 0]);
    });

    test(`delivers a message without priority ${traits.unsetPriority}`, async (context) => {
      const { connect, world } = open(context);
      const [broker, queue] = [await connect(), world.queue({ priorities: true })];
      await broker.publish(publicationTo(queue, { id: "unset" }));
      await broker.publish(publicationTo(queue, { id: "five", priority: 5 }));
      await eventually(async () => (await broker.queues.length(queue)) === 2);
      const { inbox } = await consume(broker, queue, { readAhead: 1, onDelivery: (delivery) => void settle(delivery) });
      const got = await inbox.take(2);
      expect(got.map(({ envelope }) => idOf(envelope))).toEqual(traits.unsetPriority === "first" ? ["unset", "five"] : ["five", "unset"]);
    });
  }

  if (traits.deduplicates) {
    test("takes a guarded publication of the same tag to the same queue once", async (context) => {
      const { connect, world } = open(context);
      const [broker, other, queue, elsewhere] = [await connect(), await connect(), world.queue(), world.queue()];
      const twice = publicationTo(queue, { guarded: true });
      await Promise.all([broker.publish(twice), other.publish(twice)]);
      await broker.publish(twice);
      await broker.publish({ ...twice, route: { exchange: "", routingKey: elsewhere } });
      expect(await broker.queues.length(queue)).toBe(1);
      expect(await broker.queues.length(elsewhere)).toBe(1);
      const { inbox } = await consume(broker, queue);
      await settle(await inbox.next());
      await broker.publish(twice);
      expect(await broker.queues.length(queue)).toBe(0);
    });

    test("takes guarded publications of one turn in their order, those that it has not had", async (context) => {
      const { connect, world } = open(context);
      const [broker, queue] = [await connect(), world.queue()];
      const sent = Array.from({ length: 60 }, () => publicationTo(queue, { guarded: true }));
      const [first, second] = [sent.slice(0, 20), sent.slice(20)];
      await Promise.all(first.map((publication) => broker.publish(publication)));
      await Promise.all([...second, ...first, ...second.slice(0, 5)].map((publication) => broker.publish(publication)));
      expect(await broker.queues.length(queue)).toBe(60);
      const { inbox } = await consume(broker, queue, { readAhead: 100 });
      const got = await inbox.take(60);
      expect(got.map(({ envelope }) => idOf(envelope))).toEqual(sent.map(({ envelope }) => idOf(envelope)));
      await Promise.all(got.map((delivery) => settle(delivery)));
    });

    test("takes unguarded publications of the same tag each time", async (context) => {
      const { connect, world } = open(context);
      const [broker, queue] = [await connect(), world.queue()];
      const twice = publicationTo(queue);
      await Promise.all([broker.publish(twice), broker.publish(twice)]);
      const { inbox } = await consume(broker, queue);
      const got = await inbox.take(2);
      expect(await Promise.all(got.map((delivery) => settle(delivery)))).toEqual(["settled", "settled"]);
    });
  }
}
