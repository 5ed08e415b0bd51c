/** Broker cases: queues out of which nothing is taken, and the names of tasks that are paused. */
import { expect, test } from "vitest";
import { idOf, publicationTo } from "../../support/envelopes.ts";
import { eventually } from "../../support/eventually.ts";
import { consume, type OpenCase, settle } from "./world.ts";

export function describePausing(open: OpenCase): void {
  test("a paused queue keeps its messages from every worker, also from one that starts later, until it is resumed", async (context) => {
    const { connect, world } = open(context);
    const [operator, first, second] = [await connect(), await connect(), await connect()];
    const [queue, other] = [world.queue(), world.queue()];
    const running = await consume(first, [queue, other]);
    await operator.publish(publicationTo(queue, { id: "before" }));
    await settle(await running.inbox.next());

    await operator.queues.pause(queue);
    await operator.queues.pause(queue);
    expect([...(await second.queues.paused([queue, other]))]).toEqual([queue]);
    // The worker learns of it in its own time: what comes meanwhile it may still take.
    let sent = 0;
    await eventually(async () => {
      await operator.publish(publicationTo(queue, { id: `kept ${sent}` }));
      sent += 1;
      await operator.publish(publicationTo(other, { id: `mark ${sent}` }));
      await eventually(() => expect(running.inbox.deliveries.map(({ envelope }) => idOf(envelope))).toContain(`mark ${sent}`));
      await Promise.all(running.inbox.deliveries.map((delivery) => settle(delivery)));
      expect(await operator.queues.length(queue)).toBeGreaterThan(0);
    });
    const late = await consume(second, [other, queue]);
    const early = running.inbox.deliveries.length;
    await operator.publish(publicationTo(queue, { id: "last" }));
    for (let mark = 0; mark < 3; mark += 1) {
      await operator.publish(publicationTo(other, { id: `after ${mark}` }));
      await eventually(() => expect(running.inbox.deliveries.length + late.inbox.deliveries.length).toBe(early + mark + 1));
    }
    const kept = await operator.queues.length(queue);
    expect(kept).toBeGreaterThan(1);
    await running.consumer.close();

    await operator.queues.resume(queue);
    await operator.queues.resume(queue);
    expect(await second.queues.paused([queue])).toEqual(new Set());
    await eventually(() => expect(late.inbox.deliveries.map(({ envelope }) => idOf(envelope))).toContain("last"));
    await Promise.all(late.inbox.deliveries.map((delivery) => settle(delivery)));
    await eventually(async () => expect(await operator.queues.length(queue)).toBe(0));
  });

  test("a pause outlives all connections, and a purge empties what is paused", async (context) => {
    const { connect, world } = open(context);
    const queue = world.queue();
    const operator = await connect();
    await operator.queues.pause(queue);
    await operator.publish(publicationTo(queue));
    await operator.close();
    const worker = await connect();
    const { inbox } = await consume(worker, queue);
    expect(await worker.queues.paused([queue])).toEqual(new Set([queue]));
    await eventually(async () => expect(await worker.queues.length(queue)).toBe(1));
    expect((await worker.queues.peek(queue, 1)).length).toBe(1);
    expect(await worker.queues.purge(queue)).toBe(1);
    await worker.queues.resume(queue);
    await worker.publish(publicationTo(queue, { id: "next" }));
    const delivery = await inbox.next();
    expect(idOf(delivery.envelope)).toBe("next");
    await settle(delivery);
  });

  test("paused tasks are known by name to all, whatever queues are called, and outlive all connections", async (context) => {
    const { connect, world } = open(context);
    const [operator, worker] = [await connect(), await connect()];
    const tasks = Array.from({ length: 600 }, () => world.queue());
    const [first, last] = [tasks[0]!, tasks.at(-1)!];
    expect(await worker.pausedTasks.paused(tasks)).toEqual(new Set());
    await operator.pausedTasks.pause(first);
    await operator.pausedTasks.pause(last);
    await operator.pausedTasks.pause(last);
    await operator.close();
    // Asked at once, as several workers do.
    const told = await Promise.all([worker.pausedTasks.paused(tasks), worker.pausedTasks.paused([first]), worker.pausedTasks.paused([])]);
    expect(told).toEqual([new Set([first, last]), new Set([first]), new Set()]);
    expect(await worker.queues.paused(tasks)).toEqual(new Set());
    expect((await worker.queues.list()) ?? []).not.toContainEqual(expect.stringContaining(last));
    await worker.pausedTasks.resume(last);
    await worker.pausedTasks.resume(last);
    expect(await worker.pausedTasks.paused(tasks)).toEqual(new Set([first]));
    await worker.pausedTasks.resume(first);
  });
}
