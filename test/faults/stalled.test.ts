/** Workers that stand still without being dead: frozen processes, blocked executors. */
import { deadLetterQueue, runtimeOf, siftDeadLetters, systemClock } from "@celeriac/core/runtime";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type BrokerName, places } from "../support/fault/places.ts";
import { blockEventLoop, freezeHolder, takeOverFrozen } from "../support/fault/stalls.ts";
import { createFaultWorld, missedSoon } from "../support/fault/world.ts";

// Each stands still for seconds, so all do at once.
describe.concurrent("redis", () => {
  it("a worker frozen longer than its claims live changes nothing when it goes on", async () => {
    const world = createFaultWorld(await places.redis(), {}, missedSoon);
    try {
      const tasks = 2;
      const seen = await takeOverFrozen(world, { tasks, stallMs: 0, pool: "threads" });
      expect(seen.frozen).toMatchObject({ "task-lost": tasks, "task-succeeded": 0 });
      expect(seen.resultsAfter).toEqual(seen.resultsBefore);
      expect(seen.followUpsBefore).toBe(tasks);
      expect(seen.followUpsAfter).toBe(tasks);
      expect(seen.heir["task-succeeded"]).toBe(2 * tasks);
    } finally {
      await world.dispose();
    }
  }, 300_000);

  it("a task that blocks its thread longer than claims live runs once, though an idle worker is on the queue", async () => {
    const world = createFaultWorld(await places.redis(), {}, missedSoon);
    try {
      const { value, ran, idle } = await blockEventLoop(world, { stallMs: 6_000 });
      expect(value).toBe(1);
      expect(ran).toEqual(["begin", "end"]);
      expect(idle["task-received"]).toBe(0);
    } finally {
      await world.dispose();
    }
  }, 180_000);
});

describe.concurrent("sqlite", () => {
  it("a frozen worker keeps its claims, and nothing runs twice", async () => {
    const world = createFaultWorld(await places.sqlite());
    try {
      // Three times the period in which the dead are looked for.
      const { value, ran, passed, frozen } = await freezeHolder(world, { stallMs: 6_000 });
      expect(passed).toBeGreaterThan(0);
      expect(value).toBe(0);
      expect(ran).toEqual(["begin", "end"]);
      expect(frozen).toMatchObject({ "task-lost": 0, "task-succeeded": 1 });
    } finally {
      await world.dispose();
    }
  }, 180_000);
});

describe.concurrent("poison", () => {
  for (const broker of Object.keys(places) as BrokerName[]) {
    it(`${broker}: a task that kills its process is dead-lettered after maxDeliveries runs, as often again when it is redriven, its neighbours are not`, async () => {
      const world = createFaultWorld(await places[broker]());
      try {
        const { mark, poison } = world.client;
        const worker = await world.startWorker({ options: { pool: "prefork", concurrency: 2 } });
        const neighbours = await Promise.all(Array.from({ length: 20 }, (_, n) => mark.delay(100 + n, 20)));
        const killer = await poison.delay(1);
        const more = await Promise.all(Array.from({ length: 20 }, (_, n) => mark.delay(200 + n, 20)));
        const end = await killer.settled({ timeout: "60s" });
        expect(end.state).toBe("FAILURE");
        for (const result of [...neighbours, ...more]) expect(await result.get({ timeout: "60s" })).toBeGreaterThanOrEqual(100);
        const begins = () => world.ledger().filter(({ what, n }) => what === "begin" && n === 1).length;
        expect(begins()).toBe(5);
        const { broker: driver } = await runtimeOf(world.client.app)!.links();
        const [queue, ids] = ["celery", new Set([killer.id])];
        await eventually(async () => expect(await driver.queues.length(deadLetterQueue(queue))).toBe(1));
        const redriven = await siftDeadLetters(driver, { queue, ids, to: "queue", clock: systemClock });
        expect(redriven).toMatchObject([{ task: "fault.poison", queue, reason: expect.stringContaining("began 5 times") }]);
        await eventually(async () => (await driver.queues.length(deadLetterQueue(queue))) === 1, { withinMs: 60_000 });
        expect(begins()).toBe(10);
        expect((await worker.stop())["task-dead-lettered"]).toBe(2);
      } finally {
        await world.dispose();
      }
    }, 120_000);
  }
});
