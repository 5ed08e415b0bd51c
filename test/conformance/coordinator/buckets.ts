/** Coordinator cases: token buckets. */
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { longMs, type Suite } from "./world.ts";

export function describeBuckets(suite: Suite): void {
  it("gives out the tokens of a full bucket, and says when the next may be there", async () => {
    const bucket = randomUUID();
    const rate = { limit: 5, perMs: longMs };
    const waits: number[] = [];
    for (const coordinator of [suite.one(), suite.other(), suite.one(), suite.other(), suite.one(), suite.other()])
      waits.push(await coordinator.take(bucket, 1, rate));
    expect(waits.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(waits[5]).toBeGreaterThan(longMs / 5 / 2);
    expect(waits[5]).toBeLessThanOrEqual(longMs / 5);
  });

  it("gives out no more than there are to many who ask at once", async () => {
    const bucket = randomUUID();
    const rate = { limit: 10, perMs: longMs };
    const waits = await Promise.all(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? suite.one() : suite.other()).take(bucket, 1, rate)),
    );
    expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(10);
  });

  it("takes all or none", async () => {
    const bucket = randomUUID();
    const rate = { limit: 3, perMs: longMs };
    expect(await suite.one().take(bucket, 2, rate)).toBe(0);
    expect(await suite.other().take(bucket, 2, rate)).toBeGreaterThan(0);
    expect(await suite.other().take(bucket, 1, rate)).toBe(0);
  });

  it("keeps buckets apart, by any name, and fractions of tokens", async () => {
    const name = `{brace} \u00fc \ud83d\ude80 "quoted" ${randomUUID()}`;
    const rate = { limit: 1.5, perMs: longMs };
    expect(await suite.one().take(name, 1.25, rate)).toBe(0);
    expect(await suite.one().take(`${name}!`, 1.5, rate)).toBe(0);
    expect(await suite.one().take(name, 0.2, rate)).toBe(0);
    expect(await suite.one().take(name, 0.2, rate)).toBeGreaterThan(0);
  });

  it.each([
    [2, 1, 1_000],
    [0, 1, 1_000],
    [Number.NaN, 1, 1_000],
    [1, Number.POSITIVE_INFINITY, 1_000],
    [1, 1, 0],
  ])("refuses to take %d of %d per %d ms, which could never be", async (n, limit, perMs) => {
    await expect(suite.one().take("any", n, { limit, perMs })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
}
