/** The scheduler against a list that is sorted each time; and how much it costs to be one of many. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Scheduler } from "../../../packages/beat/src/scheduler.ts";

type Step = readonly ["set", name: string, at: number | null] | readonly ["take", now: number, most: number];
const instant = fc.integer({ min: 0, max: 1_000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constant("set" as const), fc.constantFrom(..."abcdefghij"), fc.option(instant, { nil: null })),
  fc.tuple(fc.constant("take" as const), instant, fc.integer({ min: 1, max: 12 })),
);

describe("the scheduler", () => {
  it("takes what is due, soonest first, whatever was set, moved and removed before", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const scheduler = new Scheduler();
        const model = new Map<string, number>();
        for (const each of steps) {
          if (each[0] === "set") {
            const [, name, at] = each;
            scheduler.set(name, at);
            if (at === null) model.delete(name);
            else model.set(name, at);
          } else {
            const [, now, most] = each;
            const dues = [...model.values()].filter((at) => at <= now).sort((one, other) => one - other);
            const taken = scheduler.take(now, most);
            expect(taken.map((name) => model.get(name)!)).toEqual(dues.slice(0, most));
            for (const name of taken) model.delete(name);
          }
          expect(scheduler.next?.at ?? null).toBe(model.size === 0 ? null : Math.min(...model.values()));
          expect(scheduler.size).toBe(model.size);
        }
      }),
    );
  });

  it("keeps no more places than twice its entries, however often they move", () => {
    const scheduler = new Scheduler();
    for (let round = 0; round < 1_000; round++) for (const name of "abc") scheduler.set(name, 10_000 - round);
    expect(scheduler.take(20_000, 10)).toHaveLength(3);
    scheduler.clear();
    expect(scheduler.next).toBeNull();
  });
});
