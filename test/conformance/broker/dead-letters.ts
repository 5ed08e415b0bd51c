/** Broker cases: dead letters are listed, go back as if they had never begun, or go away; those nobody asked for stay. */
import { expect, test } from "vitest";
import { systemClock } from "../../../packages/core/src/clock.ts";
import { listDeadLetters, siftDeadLetters } from "../../../packages/core/src/dead-letters.ts";
import { deadLetterQueue, deathHeader, deliveriesHeader } from "../../../packages/core/src/envelope.ts";
import { idOf, publicationTo } from "../../support/envelopes.ts";
import { eventually } from "../../support/eventually.ts";
import { consume, type OpenCase, settle } from "./world.ts";

export function describeDeadLetters(open: OpenCase): void {
  test("dead letters go back into their queue with their id and no count, by id or all, or are deleted", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    const ids = ["one", "two", "three", "four"];
    const { consumer, inbox } = await consume(broker, queue);
    for (const id of ids) {
      await broker.publish({ ...publicationTo(queue, { id, headers: { [deliveriesHeader]: 3 } }), guarded: true });
      await settle(await inbox.next(), { kind: "deadLetter", reason: `why ${id}` });
    }
    await consumer.close();
    const source = deadLetterQueue(queue);
    await eventually(async () => expect(await broker.queues.length(source)).toBe(4));
    const clock = systemClock;

    const two = await siftDeadLetters(broker, { queue, ids: new Set(["two", "nobody"]), to: "queue", clock });
    expect(two).toEqual([{ id: "two", task: expect.any(String), queue, reason: "why two", at: expect.any(Number), runs: 3 }]);
    expect(await siftDeadLetters(broker, { queue, ids: new Set(["three"]), to: "nowhere", clock })).toMatchObject([{ id: "three" }]);
    await eventually(async () => expect(await broker.queues.length(source)).toBe(2));
    const left = await listDeadLetters(broker, queue, 10);
    expect(left.map(({ id, reason }) => [id, reason]).sort()).toEqual([
      ["four", "why four"],
      ["one", "why one"],
    ]);
    expect((await siftDeadLetters(broker, { queue, ids: null, to: "queue", clock })).map(({ id }) => id).sort()).toEqual(["four", "one"]);
    expect(await siftDeadLetters(broker, { queue, ids: null, to: "queue", clock })).toEqual([]);

    const again = await consume(broker, queue);
    const back = [await again.inbox.next(), await again.inbox.next(), await again.inbox.next()];
    expect(back.map(({ envelope }) => idOf(envelope)).sort()).toEqual(["four", "one", "two"]);
    for (const { envelope, deliveries } of back) {
      expect(deliveries).toBe(0);
      expect(envelope.headers).not.toHaveProperty([deathHeader]);
    }
    await Promise.all(back.map((delivery) => settle(delivery)));
    expect(await broker.queues.length(source)).toBe(0);
  });

  test("a dead letter says how many of its runs had begun, the last one included", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    for (const id of ["never", "once", "twice"]) await broker.publish(publicationTo(queue, { id }));
    const { consumer, inbox } = await consume(broker, queue);
    for (const delivery of await inbox.take(3)) {
      const id = idOf(delivery.envelope);
      if (id === "twice") await settle(delivery, { kind: "requeue", counted: true });
      else await settle(delivery, { kind: "deadLetter", reason: id, counted: id === "once" });
    }
    await settle(await inbox.next(), { kind: "deadLetter", reason: "twice", counted: true });
    await consumer.close();
    await eventually(async () => expect(await broker.queues.length(deadLetterQueue(queue))).toBe(3));
    const letters = await listDeadLetters(broker, queue, 10);
    expect(letters.map(({ id, runs }) => [id, runs]).sort()).toEqual([
      ["never", 0],
      ["once", 1],
      ["twice", 2],
    ]);
  });

  test("who looks for one letter takes none of those behind it, and none at all where it is not there", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    for (const id of ["one", "two", "three"]) await broker.publish(publicationTo(queue, { id }));
    const { consumer, inbox } = await consume(broker, queue);
    for (const delivery of await inbox.take(3)) await settle(delivery, { kind: "deadLetter", reason: "why" });
    await consumer.close();
    await eventually(async () => expect(await broker.queues.length(deadLetterQueue(queue))).toBe(3));
    const held: number[] = [];
    const watched = Object.create(broker, {
      consume: {
        value(queues: readonly string[], options: Parameters<typeof broker.consume>[1]) {
          held.push(options.readAhead);
          return broker.consume(queues, options);
        },
      },
    }) as typeof broker;
    const sift = (id: string) => siftDeadLetters(watched, { queue, ids: new Set([id]), to: "nowhere", clock: systemClock });
    expect(await sift("nobody")).toEqual([]);
    expect(held).toEqual([]);
    expect(await sift("one")).toMatchObject([{ id: "one" }]);
    expect(held).toEqual([1]);
    // A quorum queue counts what its consumer hands back a little later.
    await eventually(async () => expect(await broker.queues.length(deadLetterQueue(queue))).toBe(2));
    expect(await sift("three")).toMatchObject([{ id: "three" }]);
    // What RabbitMQ had sent meanwhile, and was handed back, lies behind the others now.
    expect(held.at(-1)).toBeLessThanOrEqual(2);
  });

  test("a letter that cannot be sent back now stays", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    await broker.publish(publicationTo(queue, { id: "kept" }));
    const { consumer, inbox } = await consume(broker, queue);
    await settle(await inbox.next(), { kind: "deadLetter", reason: "why" });
    await consumer.close();
    const failing = Object.create(broker, {
      consume: {
        value: (queues: readonly string[], options: Parameters<typeof broker.consume>[1]) =>
          broker.consume(queues, {
            ...options,
            listener: {
              ...options.listener,
              delivery: (delivery) =>
                options.listener.delivery(Object.create(delivery, { settle: { value: () => Promise.reject(new Error("away")) } })),
            },
          }),
      },
    }) as typeof broker;
    await expect(siftDeadLetters(failing, { queue, ids: null, to: "queue", clock: systemClock })).rejects.toThrow("away");
    await eventually(async () => expect(await broker.queues.length(deadLetterQueue(queue))).toBe(1));
  });
}
