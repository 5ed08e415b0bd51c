/** Workers that stand still without being dead: frozen processes, blocked executors. */
import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type BrokerName, places } from "../support/fault/places.ts";
import { createFaultWorld } from "../support/fault/world.ts";

describe("redis", () => {
  it("a worker frozen longer than its claims live changes nothing when it goes on", async () => {
    const world = createFaultWorld(await places.redis());
    try {
      const { mark, after } = world.client;
      const frozen = await world.startWorker({ options: { pool: "threads", concurrency: 1, hostname: "frozen@here" } });
      const sent = await mark.applyAsync([7, 2_000], { link: after.s() });
      await eventually(() => expect(world.ledger().map(({ what }) => what)).toEqual(["begin"]));
      frozen.process.kill("SIGSTOP");
      const heir = await world.startWorker({ options: { pool: "threads", concurrency: 1, hostname: "heir@here" } });
      expect(await sent.get({ timeout: "60s" })).toBe(7);
      await eventually(() => expect(world.ledger().filter(({ what }) => what === "after")).toHaveLength(1), { withinMs: 30_000 });
      const settled = JSON.stringify(await sent.snapshot());

      frozen.process.kill("SIGCONT");
      await eventually(() => expect(frozen.log()).toContain("task-lost"), { withinMs: 60_000 });
      const late = await frozen.stop();
      expect(late["task-lost"]).toBe(1);
      expect(late["task-succeeded"]).toBe(0);
      expect(JSON.stringify(await sent.snapshot())).toBe(settled);
      expect(world.ledger().filter(({ what }) => what === "after")).toHaveLength(1);
      expect((await heir.stop())["task-succeeded"]).toBe(2);
    } finally {
      await world.dispose();
    }
  }, 180_000);

  it("a task that blocks its thread longer than claims live runs once, though an idle worker is on the queue", async () => {
    const world = createFaultWorld(await places.redis());
    try {
      const busy = await world.startWorker({ options: { pool: "async", concurrency: 10, hostname: "busy@here" } });
      const sent = await world.client.block.delay(1, 20_000);
      await eventually(() => expect(world.ledger()).toHaveLength(1));
      const idle = await world.startWorker({ options: { pool: "async", concurrency: 10, hostname: "idle@here" } });
      expect(await sent.get({ timeout: "60s" })).toBe(1);
      expect(world.ledger().map(({ what }) => what)).toEqual(["begin", "end"]);
      expect((await idle.stop())["task-received"]).toBe(0);
      await busy.stop();
    } finally {
      await world.dispose();
    }
  }, 120_000);
});

describe("sqlite", () => {
  it("a frozen worker keeps its claims, and nothing runs twice", async () => {
    const world = createFaultWorld(await places.sqlite());
    try {
      const { mark } = world.client;
      const frozen = await world.startWorker({ options: { pool: "threads", concurrency: 1, hostname: "frozen@here" } });
      const held = await mark.delay(1, 1_000);
      await eventually(() => expect(world.ledger()).toHaveLength(1));
      frozen.process.kill("SIGSTOP");
      const other = await world.startWorker({ options: { pool: "threads", concurrency: 1, hostname: "other@here" } });
      // A second task runs past the frozen one, three times the period in which the dead are looked for.
      for (let n = 2; n < 5; n++) expect(await mark.delay(n, 2_000).get({ timeout: "60s" })).toBe(n);
      expect(world.ledger().filter(({ n }) => n === 1)).toHaveLength(1);
      frozen.process.kill("SIGCONT");
      expect(await held.get({ timeout: "60s" })).toBe(1);
      expect(
        world
          .ledger()
          .filter(({ n }) => n === 1)
          .map(({ what }) => what),
      ).toEqual(["begin", "end"]);
      await Promise.all([frozen.stop(), other.stop()]);
    } finally {
      await world.dispose();
    }
  }, 120_000);
});

describe("poison", () => {
  for (const broker of Object.keys(places) as BrokerName[]) {
    it(`${broker}: a task that kills its process is dead-lettered after maxDeliveries runs, its neighbours are not`, async () => {
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
        expect(world.ledger().filter(({ what, n }) => what === "begin" && n === 1)).toHaveLength(5);
        expect((await worker.stop())["task-dead-lettered"]).toBe(1);
      } finally {
        await world.dispose();
      }
    }, 120_000);
  }
});
