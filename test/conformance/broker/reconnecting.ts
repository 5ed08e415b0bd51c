/** Broker cases: the connection goes, and comes back by itself. */
import { expect, test } from "vitest";
import type { Broker, Publication } from "../../../packages/core/src/broker.ts";
import { idOf, publicationTo } from "../../support/envelopes.ts";
import { eventually } from "../../support/eventually.ts";
import { consume, type OpenCase, settle } from "./world.ts";

/** Publishes again until it is confirmed, as a caller would who wants it sent. */
async function publishAtLast(broker: Broker, publication: Publication, withinMs: number): Promise<void> {
  await eventually(
    async () => {
      if (!broker.connected) await broker.connect();
      await broker.publish(publication);
    },
    { withinMs, everyMs: 50 },
  );
}

export function describeReconnecting(open: OpenCase): void {
  test("consumes and publishes again after the connection was cut, and tells both", async (context) => {
    const { connect, world } = open(context);
    const [producer, worker, queue] = [await connect(), await connect(), world.queue()];
    const { inbox } = await consume(worker, queue, { onDelivery: (delivery) => void settle(delivery).catch(() => {}) });
    await producer.publish(publicationTo(queue, { id: "before" }));
    await inbox.next();
    await eventually(async () => (await producer.queues.length(queue)) === 0);
    await world.breakConnections!();
    await publishAtLast(producer, publicationTo(queue, { id: "after" }), world.recoveryMs);
    await eventually(() => inbox.deliveries.some(({ envelope }) => idOf(envelope) === "after"), { withinMs: world.recoveryMs });
    await eventually(() => inbox.events.includes("disconnected"));
    await eventually(() => expect(inbox.events.lastIndexOf("connected")).toBeGreaterThan(inbox.events.indexOf("disconnected")));
  });

  test("loses nothing that was held when the connection was cut", async (context) => {
    const { connect, world } = open(context);
    const [producer, worker, queue] = [await connect(), await connect(), world.queue()];
    const ids = ["a", "b", "c", "d", "e", "f"];
    for (const id of ids) await producer.publish(publicationTo(queue, { id }));
    const { inbox } = await consume(worker, queue, { readAhead: 3 });
    await inbox.take(3);
    await world.breakConnections!();
    const done = new Set<string>();
    const asked = new Set<unknown>();
    await eventually(
      async () => {
        for (const delivery of inbox.deliveries.filter((each) => !asked.has(each))) {
          if ((await settle(delivery)) === "settled") done.add(idOf(delivery.envelope));
          asked.add(delivery);
        }
        expect([...done].sort()).toEqual(ids);
      },
      { withinMs: world.recoveryMs + 10_000, everyMs: 50 },
    );
    await eventually(async () => {
      if (!producer.connected) await producer.connect();
      expect(await producer.queues.length(queue)).toBe(0);
    });
  });

  test("refuses at once to publish while it is not connected", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    await broker.declare(queue);
    const broken = world.breakConnections!();
    // Whichever came first, the cut or the publication: it is confirmed, or rejected with a code that says what is known.
    const outcome = await broker.publish(publicationTo(queue)).then(
      () => "confirmed",
      (error: { code: string }) => error.code,
    );
    expect(["confirmed", "PUBLISH_REJECTED", "PUBLISH_UNCERTAIN"]).toContain(outcome);
    await broken;
    await publishAtLast(broker, publicationTo(queue), world.recoveryMs);
    expect(await broker.queues.length(queue)).toBeGreaterThan(0);
  });
}
