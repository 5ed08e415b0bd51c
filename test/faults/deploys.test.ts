/** Workers that are stopped while they are busy, as a deploy does: nothing is lost, nothing counted, and what is too long for the grace begins again. */
import { expect, it } from "vitest";
import { deployOften } from "../support/fault/deploys.ts";
import { type BrokerName, places } from "../support/fault/places.ts";
import { createFaultWorld } from "../support/fault/world.ts";

const plan = { stops: 1, tasks: 40, longEvery: 20, taskMs: 5, longMs: 2_500, graceMs: 100 };

// They wait for the long tasks, so all do at once.
it.concurrent.each(Object.keys(places) as BrokerName[])(
  "%s: a deploy costs no task an attempt, also not one that is longer than the grace",
  async (broker) => {
    const world = createFaultWorld(await places[broker](), { maxDeliveries: 1 });
    try {
      const seen = await deployOften(world, plan);
      expect(seen).toMatchObject({ exits: [0, 0], ran: plan.tasks, retried: 0 });
      expect(seen.counts).toMatchObject({ "task-succeeded": plan.tasks, "task-failed": 0, "task-dead-lettered": 0, "task-lost": 0 });
      expect(seen.begunAgain).toBeGreaterThan(0);
    } finally {
      await world.dispose();
    }
  },
  120_000,
);
