/**
 * The conformance suite of coordinators: what `packages/core/src/coordinator.ts` promises, run against every driver.
 * A driver's test file calls `describeCoordinator` with a function that opens a world of its own.
 */
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Coordinator } from "../../packages/core/src/coordinator.ts";
import { eventually } from "../support/eventually.ts";
import { describeBuckets } from "./coordinator/buckets.ts";
import { describeOverTime } from "./coordinator/over-time.ts";
import { describeSlots } from "./coordinator/slots.ts";
import { type CoordinatorWorld, longMs, type Suite, take } from "./coordinator/world.ts";

export type { CoordinatorWorld } from "./coordinator/world.ts";

const shortMs = 120;

export function describeCoordinator(name: string, openWorld: () => Promise<CoordinatorWorld>): void {
  describe(`coordinator: ${name}`, () => {
    let world: CoordinatorWorld;
    let one: Coordinator;
    let other: Coordinator;
    beforeEach(async () => {
      world = await openWorld();
      one = world.open();
      other = world.open();
    });
    afterEach(async () => {
      await Promise.all([one.close(), other.close()]);
      await world.close();
    });
    const suite: Suite = { one: () => one, other: () => other, open: () => world.open() };
    describeLeases(suite);
    describeReservations(suite);
    describeBuckets(suite);
    describeSlots(suite);
    describeLife(suite);
  });
  describeOverTime(name, openWorld);
}

function describeLeases(suite: Suite): void {
  it("gives a lease to one holder at a time", async () => {
    const name = randomUUID();
    const lease = await take(suite.one(), name, longMs);
    expect(lease.name).toBe(name);
    expect(Number.isSafeInteger(lease.token)).toBe(true);
    expect(await suite.other().lease(name, longMs)).toBeNull();
    expect(await suite.one().lease(name, longMs)).toBeNull();
  });

  it("gives a lease to exactly one of many who ask at once", async () => {
    const name = randomUUID();
    const asked = await Promise.all(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? suite.one() : suite.other()).lease(name, longMs)),
    );
    expect(asked.filter((lease) => lease !== null)).toHaveLength(1);
  });

  it("keeps leases of different names apart", async () => {
    await take(suite.one(), randomUUID(), longMs);
    await take(suite.other(), randomUUID(), longMs);
  });

  it("frees a lease at its release, and the next holder's token is greater", async () => {
    const name = randomUUID();
    const tokens: number[] = [];
    for (const coordinator of [suite.one(), suite.other(), suite.one(), suite.one()]) {
      const lease = await take(coordinator, name, longMs);
      tokens.push(lease.token);
      await lease.release();
    }
    expect(tokens).toEqual([...new Set(tokens)].sort((left, right) => left - right));
  });

  it("frees a lease when its time is over, and the next holder's token is greater", async () => {
    const name = randomUUID();
    const first = await take(suite.one(), name, shortMs);
    const second = await eventually(() => take(suite.other(), name, longMs));
    expect(second.token).toBeGreaterThan(first.token);
  });

  it("refuses a stale holder: it can neither renew nor free what another holds", async () => {
    const name = randomUUID();
    const stale = await take(suite.one(), name, shortMs);
    const holder = await eventually(() => take(suite.other(), name, longMs));
    expect(await stale.renew()).toBe(false);
    await stale.release();
    expect(await suite.one().lease(name, longMs)).toBeNull();
    expect(await holder.renew()).toBe(true);
  });

  it("never renews a lease that ran out, even if nobody took it", async () => {
    const name = randomUUID();
    const stale = await take(suite.one(), name, shortMs);
    const probe = await eventually(() => take(suite.other(), name, longMs));
    await probe.release();
    expect(await stale.renew()).toBe(false);
    expect(await stale.renew()).toBe(false);
    await take(suite.other(), name, longMs);
  });

  it("can be released twice without harm", async () => {
    const name = randomUUID();
    const lease = await take(suite.one(), name, longMs);
    await lease.release();
    await lease.release();
    const next = await take(suite.other(), name, longMs);
    await lease.release();
    expect(await next.renew()).toBe(true);
    expect(await lease.renew()).toBe(false);
  });
}

function describeReservations(suite: Suite): void {
  it("reserves a key for its first owner and tells the others who has it", async () => {
    const key = randomUUID();
    expect(await suite.one().reserve(key, "first", longMs)).toBe("first");
    expect(await suite.other().reserve(key, "second", longMs)).toBe("first");
    expect(await suite.other().reserve(key, "first", longMs)).toBe("first");
  });

  it("gives a key to exactly one of many owners at once", async () => {
    const key = randomUUID();
    const owners = Array.from({ length: 40 }, (_, index) => `owner-${index}`);
    const holders = await Promise.all(
      owners.map((owner, index) => (index % 2 === 0 ? suite.one() : suite.other()).reserve(key, owner, longMs)),
    );
    expect(new Set(holders).size).toBe(1);
    expect(owners).toContain(holders[0]);
  });

  it("lets only the owner release a key", async () => {
    const key = randomUUID();
    await suite.one().reserve(key, "owner", longMs);
    expect(await suite.other().release(key, "thief")).toBe(false);
    expect(await suite.other().reserve(key, "thief", longMs)).toBe("owner");
    expect(await suite.other().release(key, "owner")).toBe(true);
    expect(await suite.one().release(key, "owner")).toBe(false);
    expect(await suite.other().reserve(key, "thief", longMs)).toBe("thief");
  });

  it("frees a key when its time is over", async () => {
    const key = randomUUID();
    await suite.one().reserve(key, "owner", shortMs);
    await eventually(async () => expect(await suite.other().reserve(key, "next", longMs)).toBe("next"));
    expect(await suite.one().release(key, "owner")).toBe(false);
  });

  it("prolongs a key that its owner reserves again", async () => {
    const key = randomUUID();
    const startedAt = await suite.one().now();
    await suite.one().reserve(key, "owner", shortMs);
    expect(await suite.one().reserve(key, "owner", longMs)).toBe("owner");
    await eventually(async () => expect(await suite.one().now()).toBeGreaterThan(startedAt + 2 * shortMs));
    expect(await suite.other().reserve(key, "other", longMs)).toBe("owner");
  });

  it("takes any text as key and owner, and keeps leases and reservations apart", async () => {
    const name = `{brace} \u00fc \ud83d\ude80 "quoted" ${randomUUID()}`;
    await take(suite.one(), name, longMs);
    expect(await suite.one().reserve(name, name, longMs)).toBe(name);
    expect(await suite.other().reserve(name, "other", longMs)).toBe(name);
  });
}

function describeLife(suite: Suite): void {
  it("has one clock for all", async () => {
    const first = await suite.one().now();
    const second = await suite.other().now();
    const third = await suite.one().now();
    expect(Number.isInteger(first)).toBe(true);
    expect(first).toBeGreaterThan(1_700_000_000_000);
    expect(second).toBeGreaterThanOrEqual(first);
    expect(third).toBeGreaterThanOrEqual(second);
  });

  it("can be closed twice, and refuses to work afterwards", async () => {
    const coordinator = suite.open();
    await coordinator.now();
    await Promise.all([coordinator.close(), coordinator.close()]);
    await expect(coordinator.now()).rejects.toThrow();
  });
}
