/** Broker cases: what is to come later, comes when it is due and no sooner. */
import { expect, test } from "vitest";
import { systemClock } from "../../../packages/core/src/clock.ts";
import { idOf, publicationTo } from "../../support/envelopes.ts";
import { acknowledge, consume, type OpenCase, settle } from "./world.ts";

export function describeDelaying(open: OpenCase): void {
  test("holds a delayed publication until it is due, then delivers it", async (context) => {
    const { connect, world } = open(context);
    const [producer, worker, queue] = [await connect(), await connect(), world.queue()];
    const { inbox } = await consume(worker, queue);
    const dueAt = systemClock.now() + 2_000;
    await producer.publish(publicationTo(queue, { id: "later", dueAt }));
    await producer.publish(publicationTo(queue, { id: "now", dueAt: systemClock.now() - 1_000 }));
    expect(idOf((await inbox.next()).envelope)).toBe("now");
    const delayed = await inbox.next();
    expect(systemClock.now()).toBeGreaterThanOrEqual(dueAt);
    expect(idOf(delayed.envelope)).toBe("later");
    expect(delayed.deliveries).toBe(0);
    expect(await Promise.all(inbox.deliveries.map((delivery) => settle(delivery)))).toEqual(["settled", "settled"]);
  });

  test("requeues after a delay", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    await broker.publish(publicationTo(queue));
    const { inbox } = await consume(broker, queue);
    const first = await inbox.next();
    const before = systemClock.now();
    expect(await settle(first, { kind: "requeue", afterMs: 1_500, counted: true })).toBe("settled");
    const again = await inbox.next();
    expect(systemClock.now() - before).toBeGreaterThanOrEqual(1_500);
    expect(idOf(again.envelope)).toBe(idOf(first.envelope));
    expect(again.deliveries).toBe(1);
    expect(await settle(again)).toBe("settled");
  });

  test("publishes what follows, at once and delayed", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue, next] = [await connect(), world.queue(), world.queue()];
    await broker.publish(publicationTo(queue));
    const { inbox } = await consume(broker, queue);
    const followed = await consume(broker, next);
    const dueAt = systemClock.now() + 1_500;
    const follow = [publicationTo(next, { id: "delayed", dueAt }), publicationTo(next, { id: "a" }), publicationTo(next, { id: "b" })];
    expect(await settle(await inbox.next(), acknowledge, follow)).toBe("settled");
    const got = await followed.inbox.take(3);
    expect(systemClock.now()).toBeGreaterThanOrEqual(dueAt);
    expect(got.map(({ envelope }) => idOf(envelope))).toEqual(["a", "b", "delayed"]);
    await Promise.all(got.map((delivery) => settle(delivery)));
  });
}
