/** Broker cases: who gets which delivery, and when. */
import { expect, test } from "vitest";
import { deathHeader } from "../../../packages/core/src/envelope.ts";
import { idOf, publicationTo } from "../../support/envelopes.ts";
import { eventually } from "../../support/eventually.ts";
import { type BrokerTraits, consume, type OpenCase, settle } from "./world.ts";

export function describeClaiming(open: OpenCase, traits: BrokerTraits): void {
  test("delivers in the order of publication, to a consumer that waits as to one that comes later", async (context) => {
    const { connect, world } = open(context);
    const [producer, worker, queue] = [await connect(), await connect(), world.queue()];
    const first = Array.from({ length: 10 }, (_, index) => `first-${index}`);
    const later = Array.from({ length: 10 }, (_, index) => `later-${index}`);
    for (const id of first) await producer.publish(publicationTo(queue, { id }));
    const { inbox } = await consume(worker, queue, { readAhead: 3, onDelivery: (delivery) => void settle(delivery) });
    await inbox.take(10);
    for (const id of later) await producer.publish(publicationTo(queue, { id }));
    await inbox.take(10);
    expect(inbox.deliveries.map(({ envelope }) => idOf(envelope))).toEqual([...first, ...later]);
  });

  test("holds as many as the read-ahead allows and never more", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    await Promise.all(Array.from({ length: 100 }, () => broker.publish(publicationTo(queue))));
    let held = 0;
    let most = 0;
    const { inbox } = await consume(broker, queue, {
      readAhead: 7,
      onDelivery() {
        held += 1;
        most = Math.max(most, held);
      },
    });
    for (let settled = 0; settled < 100; ) {
      const batch = await inbox.take(Math.min(7, 100 - settled));
      expect(inbox.waiting).toBe(0);
      settled += batch.length;
      await Promise.all(
        batch.map((delivery) => {
          held -= 1;
          return settle(delivery);
        }),
      );
    }
    expect(most).toBe(7);
    expect(await broker.queues.length(queue)).toBe(0);
  });

  test("follows a changed read-ahead", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    await Promise.all(Array.from({ length: 20 }, () => broker.publish(publicationTo(queue))));
    const { consumer, inbox } = await consume(broker, queue, { readAhead: 2 });
    const held = [...(await inbox.take(2))];
    await eventually(async () => (await broker.queues.length(queue)) === 18);
    consumer.setReadAhead(6);
    held.push(...(await inbox.take(4)));
    await eventually(async () => (await broker.queues.length(queue)) === 14);
    consumer.setReadAhead(1);
    await Promise.all(held.map((delivery) => settle(delivery)));
    const last = await inbox.next();
    await eventually(async () => (await broker.queues.length(queue)) === 13);
    expect(inbox.waiting).toBe(0);
    await settle(last);
  });

  test("shares one queue among consumers, each message to one of them", async (context) => {
    const { connect, world } = open(context);
    const [producer, left, right, queue] = [await connect(), await connect(), await connect(), world.queue()];
    const ids = Array.from({ length: 200 }, (_, index) => `task-${index}`);
    const seen: string[] = [];
    const note = {
      readAhead: 5,
      onDelivery: (delivery: Parameters<typeof settle>[0]) => {
        seen.push(idOf(delivery.envelope));
        void settle(delivery);
      },
    };
    await consume(left, queue, note);
    await consume(right, queue, note);
    await Promise.all(ids.map((id) => producer.publish(publicationTo(queue, { id }))));
    await eventually(() => seen.length >= ids.length);
    await eventually(async () => (await producer.queues.length(queue)) === 0);
    expect([...seen].sort()).toEqual([...ids].sort());
  });

  test("consumes from several queues at once", async (context) => {
    const { connect, world } = open(context);
    const [broker, left, right] = [await connect(), world.queue(), world.queue()];
    const { inbox } = await consume(broker, [left, right]);
    await broker.publish(publicationTo(left));
    await broker.publish(publicationTo(right));
    const got = await inbox.take(2);
    expect(got.map(({ queue }) => queue).sort()).toEqual([left, right].sort());
    await Promise.all(got.map((delivery) => settle(delivery)));
  });

  test("delivers nothing while paused and goes on when resumed", async (context) => {
    const { connect, world } = open(context);
    const [broker, other, queue] = [await connect(), await connect(), world.queue()];
    const { consumer, inbox } = await consume(broker, queue);
    await broker.publish(publicationTo(queue, { id: "before" }));
    const held = await inbox.next();
    await consumer.pause();
    await broker.publish(publicationTo(queue, { id: "during" }));
    await eventually(async () => (await broker.queues.length(queue)) === 1);
    const second = await consume(other, queue);
    const during = await second.inbox.next();
    expect(idOf(during.envelope)).toBe("during");
    await settle(during);
    await second.consumer.close();
    expect(inbox.waiting).toBe(0);
    expect(await settle(held)).toBe("settled");
    await broker.publish(publicationTo(queue, { id: "after" }));
    consumer.resume();
    const after = await inbox.next();
    expect(idOf(after.envelope)).toBe("after");
    await settle(after);
  });

  test("gives to another consumer, uncounted, what a closed one held", async (context) => {
    const { connect, world } = open(context);
    const [left, right, queue] = [await connect(), await connect(), world.queue()];
    const ids = ["one", "two", "three"];
    for (const id of ids) await left.publish(publicationTo(queue, { id }));
    const first = await consume(left, queue);
    const held = await first.inbox.take(3);
    await settle(held[0]!);
    await first.consumer.close();
    await first.consumer.close();
    const second = await consume(right, queue);
    const taken = await second.inbox.take(2);
    expect(taken.map(({ envelope }) => idOf(envelope))).toEqual(["two", "three"]);
    expect(taken.map(({ deliveries }) => deliveries)).toEqual([0, 0]);
    expect(await settle(held[1]!)).toBe("lost");
    expect(await Promise.all(taken.map((delivery) => settle(delivery)))).toEqual(["settled", "settled"]);
    expect(await right.queues.length(queue)).toBe(0);
  });

  test("hands back what it held when the broker is closed", async (context) => {
    const { connect, world } = open(context);
    const [left, right, queue] = [await connect(), await connect(), world.queue()];
    await left.publish(publicationTo(queue));
    const { inbox } = await consume(left, queue);
    await inbox.next();
    await left.close();
    const taken = await (await consume(right, queue)).inbox.next();
    expect(taken.deliveries).toBe(0);
    expect(await settle(taken)).toBe("settled");
  });

  if (traits.undecodable) {
    test("puts what it cannot read among the dead letters, reports it and goes on", async (context) => {
      const { connect, world } = open(context);
      const [broker, queue] = [await connect(), world.queue()];
      await broker.declare(queue);
      await world.putUndecodable!(queue);
      await broker.publish(publicationTo(queue, { id: "readable" }));
      const { inbox } = await consume(broker, queue);
      const delivery = await inbox.next();
      expect(idOf(delivery.envelope)).toBe("readable");
      await settle(delivery);
      await eventually(() => inbox.letters.length === 1);
      expect(inbox.letters[0]).toMatchObject({ queue });
      expect(inbox.letters[0]!.reason).not.toBe("");
      const [dead] = await eventually(async () => {
        const letters = await broker.queues.peek(`${queue}.dead`, 10);
        expect(letters).toHaveLength(1);
        return letters;
      });
      expect(dead!.headers[deathHeader]).toMatchObject({ queue });
      expect(inbox.waiting).toBe(0);
    });
  }
}
