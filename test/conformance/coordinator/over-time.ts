/** Coordinator cases that last for seconds whatever the machine: they wait beside each other, each in a world of its own. */
import { randomUUID } from "node:crypto";
import { describe, expect, it, type TestContext } from "vitest";
import type { Coordinator } from "../../../packages/core/src/coordinator.ts";
import type { SlotTiming } from "../../../packages/core/src/coordinators/held-slots.ts";
import { eventually } from "../../support/eventually.ts";
import { startSlotHolder } from "../../support/slot-holder.ts";
import { type CoordinatorWorld, hold, longMs, take } from "./world.ts";

/** A quarter of what is used in earnest. */
const quickSlots: SlotTiming = { ttlMs: 3_000, renewEveryMs: 750 };

export function describeOverTime(name: string, openWorld: () => Promise<CoordinatorWorld>): void {
  describe.concurrent(`coordinator: ${name}, over time`, () => {
    it("keeps a renewed lease beyond its first time", async ({ onTestFinished }) => {
      const { one, other } = await twoOf(openWorld, onTestFinished);
      const name = randomUUID();
      // A machine that stands still for so long makes this fail, and rightly.
      const ttlMs = 4_000;
      const startedAt = await one.now();
      const lease = await take(one, name, ttlMs);
      await eventually(
        async () => {
          expect(await lease.renew()).toBe(true);
          expect(await other.lease(name, longMs)).toBeNull();
          expect(await one.now()).toBeGreaterThan(startedAt + ttlMs + 300);
        },
        { everyMs: 200 },
      );
    });

    it("fills a bucket up in its time, to its limit and no further", async ({ onTestFinished }) => {
      const { one, other } = await twoOf(openWorld, onTestFinished);
      const bucket = randomUUID();
      const rate = { limit: 2, perMs: 800 };
      const startedAt = await one.now();
      expect(await one.take(bucket, 2, rate)).toBe(0);
      await eventually(async () => expect(await other.take(bucket, 2, rate)).toBe(0));
      expect(await one.now()).toBeGreaterThanOrEqual(startedAt + 800);
      await eventually(async () => expect(await one.now()).toBeGreaterThan(startedAt + 3_200));
      expect(await one.take(bucket, 2, { ...rate, perMs: longMs })).toBe(0);
      expect(await one.take(bucket, 1, { ...rate, perMs: longMs })).toBeGreaterThan(0);
    });

    it("has back the slot of a process that was killed, and leaves a living one its own", async ({ onTestFinished }) => {
      const { one, other, url } = await twoOf(openWorld, onTestFinished, quickSlots);
      const key = randomUUID();
      // In memory nobody can die and leave others behind.
      if (url === null) return expect(await one.slots(key, 1)).not.toBeNull();
      const living = await hold(one, key, 2);
      const holder = await startSlotHolder({ url, key, limit: 2, timing: quickSlots });
      expect(await other.slots(key, 2)).toBeNull();
      await holder.stop({ signal: "SIGKILL" });
      await eventually(() => hold(other, key, 2), { withinMs: 30_000 });
      expect(await other.slots(key, 2)).toBeNull();
      expect(living.lost.aborted).toBe(false);
    }, 60_000);
  });
}

/** Two coordinators of a new world, which ends with the test. */
async function twoOf(
  openWorld: () => Promise<CoordinatorWorld>,
  onTestFinished: TestContext["onTestFinished"],
  timing?: SlotTiming,
): Promise<{ readonly one: Coordinator; readonly other: Coordinator; readonly url: string | null }> {
  const world = await openWorld();
  const [one, other] = [world.open(timing), world.open(timing)];
  onTestFinished(async () => {
    await Promise.all([one.close(), other.close()]);
    await world.close();
  });
  return { one, other, url: world.url };
}
