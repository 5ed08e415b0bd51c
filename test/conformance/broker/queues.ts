/** Broker cases: what is told of queues, and of the broker itself. */
import { expect, test } from "vitest";
import { systemClock } from "../../../packages/core/src/clock.ts";
import { idOf, publicationTo } from "../../support/envelopes.ts";
import { eventually } from "../../support/eventually.ts";
import { type BrokerTraits, consume, type OpenCase, settle } from "./world.ts";

export function describeQueues(open: OpenCase, traits: BrokerTraits): void {
  test("counts what is ready: neither the claimed nor the delayed", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    await broker.declare(queue);
    await broker.declare(queue);
    expect(await broker.queues.length(queue)).toBe(0);
    await broker.publish(publicationTo(queue, { dueAt: systemClock.now() + 3_600_000 }));
    for (let index = 0; index < 3; index += 1) await broker.publish(publicationTo(queue));
    await eventually(async () => (await broker.queues.length(queue)) === 3);
    const { inbox } = await consume(broker, queue, { readAhead: 2 });
    const held = await inbox.take(2);
    await eventually(async () => (await broker.queues.length(queue)) === 1);
    await Promise.all(held.map((delivery) => settle(delivery, { kind: "acknowledge" })));
    await settle(await inbox.next());
    await broker.queues.purge(queue);
  });

  test("peeks at the next in line and leaves them where they are", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    const sent = ["a", "b", "c"].map((id) => publicationTo(queue, { id }));
    for (const publication of sent) await broker.publish(publication);
    const seen = await broker.queues.peek(queue, 2);
    expect(seen.map(idOf)).toEqual(["a", "b"]);
    expect(Buffer.from(seen[0]!.body).equals(sent[0]!.envelope.body)).toBe(true);
    await eventually(async () => (await broker.queues.length(queue)) === 3);
    const { inbox } = await consume(broker, queue);
    const got = await inbox.take(3);
    expect(got.map(({ envelope }) => idOf(envelope))).toEqual(["a", "b", "c"]);
    expect(got.map(({ deliveries }) => deliveries)).toEqual([0, 0, 0]);
    await Promise.all(got.map((delivery) => settle(delivery)));
  });

  test("purges a queue and says how many went", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue, other] = [await connect(), world.queue(), world.queue()];
    for (let index = 0; index < 3; index += 1) await broker.publish(publicationTo(queue));
    await broker.publish(publicationTo(queue, { dueAt: systemClock.now() + 3_600_000 }));
    await broker.publish(publicationTo(other));
    await eventually(async () => (await broker.queues.length(queue)) === 3);
    expect(await broker.queues.purge(queue)).toBe(traits.purgesDelayed ? 4 : 3);
    expect(await broker.queues.length(queue)).toBe(0);
    expect(await broker.queues.purge(queue)).toBe(0);
    expect(await broker.queues.length(other)).toBe(1);
  });

  test("tells how long the next in line has waited, or null", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    await broker.declare(queue);
    expect(await broker.queues.oldestAge(queue)).toBeNull();
    await broker.publish(publicationTo(queue));
    const age = await broker.queues.oldestAge(queue);
    if (traits.knowsAge) {
      expect(age).toBeGreaterThanOrEqual(0);
      expect(age).toBeLessThan(60_000);
      await eventually(async () => ((await broker.queues.oldestAge(queue)) ?? 0) > (age ?? 0));
    } else expect(age).toBeNull();
  });

  test("answers health when connected, rejects when closed", async (context) => {
    const { connect } = open(context);
    const broker = await connect();
    await broker.health();
    expect(await broker.facts()).toMatchObject({ software: expect.stringMatching(/^(Redis \d|RabbitMQ \d|SQLite|memory)/) });
    expect(broker.connected).toBe(true);
    await broker.connect();
    await broker.close();
    expect(broker.connected).toBe(false);
    await expect(broker.health()).rejects.toMatchObject({ code: expect.stringMatching(/^BROKER_/) });
    await expect(broker.facts()).rejects.toMatchObject({ code: expect.stringMatching(/^BROKER_/) });
  });
}
