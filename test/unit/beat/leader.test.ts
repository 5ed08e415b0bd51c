/** The lead of one beat of many: how it is kept while what it is to send is being read. */
import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { Leader, type LeaderParts } from "../../../packages/beat/src/leader.ts";
import { silentLogger } from "../../../packages/core/src/logger.ts";
import type { ScheduleStore } from "../../../packages/core/src/schedule-store.ts";
import { createMemoryScheduleStore } from "../../../packages/core/src/schedule-stores/memory.ts";
import { driverContext } from "../../support/driver-context.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const ttlMs = 600;

function world() {
  const clock = createFakeClock();
  const store = createMemoryScheduleStore(`memory://${randomUUID()}`, "shop", { ...driverContext(), clock });
  const leader = (holder: string, own: Partial<LeaderParts> = {}) => {
    const made = new Leader({
      ...{ store, clock, logger: silentLogger, holder, ttlMs },
      ...{ allowed: async () => {}, gained: async () => {}, lost: () => {}, looked: async () => {}, ...own },
    });
    onTestFinished(() => made.stop());
    return made;
  };
  return { clock, leader };
}

it("is kept, and not gained anew, however much longer than a lease the reading of a schedule takes", async () => {
  const { clock, leader } = world();
  let gains = 0;
  const large = leader("large", {
    async gained() {
      gains += 1;
      await clock.sleep(4 * ttlMs);
    },
  });
  const other = leader("other");
  const started = large.start();
  await clock.advance(0);
  await other.start();
  for (let passed = 0; passed < 5 * ttlMs; passed += 50) {
    await clock.advance(50);
    expect(other.token).toBeNull();
  }
  await started;
  expect([gains, large.token]).toEqual([1, expect.any(Number)]);
});

it("goes by the store's clock as its quickest answer told it, and follows it at once where it is set back", async () => {
  const { clock, leader } = world();
  let [answerMs, aheadMs] = [0, 2_000];
  const lead = async () => {
    await clock.sleep(answerMs / 2);
    const pulse = { token: 1, now: Math.floor(clock.now() + aheadMs), revision: 0 };
    await clock.sleep(answerMs / 2);
    return pulse;
  };
  const skewed = leader("skewed", { store: { lead } as unknown as ScheduleStore });
  const isBehind = () => clock.now() + aheadMs - skewed.now();
  const nextLook = () => clock.advance(ttlMs / 6 + answerMs);
  const started = skewed.start();
  await clock.advance(0);
  await started;
  answerMs = 80;
  await nextLook();
  expect(isBehind()).toBeLessThan(1);
  aheadMs = -3_000;
  await nextLook();
  expect(isBehind()).toBeGreaterThanOrEqual(0);
  expect(isBehind()).toBeLessThan(50);
});

it("says when its store has not answered for as long as a lease lasts, and when it answers again", async () => {
  const { clock, leader } = world();
  let isLocked = false;
  const told: [string, unknown][] = [];
  const note = (message: string, fields?: Readonly<Record<string, unknown>>) => void told.push([message, fields?.["reason"]]);
  const lead = async () => {
    while (isLocked) await clock.sleep(10);
    return { token: 1, now: clock.now(), revision: 0 };
  };
  const waiting = leader("waiting", {
    store: { lead } as unknown as ScheduleStore,
    logger: { ...silentLogger, warn: note, info: note },
  });
  await waiting.start();
  isLocked = true;
  await clock.advance(ttlMs);
  expect([waiting.loss, told]).toEqual([null, []]);
  await clock.advance(ttlMs);
  expect(waiting.loss).toContain("has not answered for 0.6 s");
  expect(told).toEqual([["the schedule store cannot be used, trying again", waiting.loss]]);
  isLocked = false;
  await clock.advance(ttlMs);
  expect(waiting.loss).toBeNull();
  expect(told.at(-1)?.[0]).toBe("the schedule store is reachable again");
});
