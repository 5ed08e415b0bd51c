/** What a worker remembers of what was revoked, and for how long. */
import { describe, expect, it } from "vitest";
import { LimitedMap } from "../../../packages/worker/src/limited-map.ts";
import { Revoked } from "../../../packages/worker/src/revoked.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const task = (id: string, stamps: Readonly<Record<string, readonly unknown[]>> | null = null) => ({ id, stamps });

describe("a limited map", () => {
  it("drops the oldest to make room; what is set again is new", () => {
    const map = new LimitedMap<number>({ max: 3, expiresMs: 1_000 }, createFakeClock());
    for (const [key, value] of Object.entries({ a: 1, b: 2, c: 3 })) map.set(key, value);
    map.set("a", 4);
    map.set("d", 5);
    expect(map.list().map(([key, value]) => [key, value])).toEqual([
      ["c", 3],
      ["a", 4],
      ["d", 5],
    ]);
  });

  it("forgets what is over, by the monotonic clock", async () => {
    const clock = createFakeClock();
    const map = new LimitedMap<number>({ max: 10, expiresMs: 1_000 }, clock);
    map.set("older", 0, 400);
    map.set("old", 1);
    await clock.advance(599);
    expect([map.get("older"), map.get("old")]).toEqual([0, 1]);
    map.set("new", 2);
    await clock.advance(1);
    expect([map.get("older"), map.get("old")]).toEqual([undefined, 1]);
    expect(map.list()).toEqual([
      ["old", 1, 600],
      ["new", 2, 1],
    ]);
  });

  it("costs the same however much it holds", () => {
    const clock = createFakeClock();
    let asked = 0;
    const counting = {
      monotonic() {
        asked++;
        return clock.monotonic();
      },
    };
    const map = new LimitedMap<number>({ max: 50_000, expiresMs: 1_000 }, counting);
    for (let index = 0; index < 50_000; index++) map.set(`id ${index}`, index);
    asked = 0;
    for (let index = 50_000; index < 50_100; index++) map.set(`id ${index}`, index);
    expect(map.size).toBe(50_000);
    expect(asked).toBeLessThan(400);
  });
});

describe("what is revoked", () => {
  const revoked = () => new Revoked({ max: 100, expiresMs: 1_000 }, createFakeClock());

  it("is found by id, with its reason", () => {
    const list = revoked();
    list.addIds(["a", "b"]);
    list.addIds(["c"], "user left");
    expect(["a", "c", "d"].map((id) => list.reasonFor(task(id)))).toEqual(["revoked", "user left", null]);
    expect(list.ids).toEqual(["a", "b", "c"]);
  });

  it("is found by any value of a stamp, as it was written", () => {
    const list = revoked();
    list.addStamps({ customer: ["acme", 7] });
    const found = (stamps: Readonly<Record<string, readonly unknown[]>>) => list.reasonFor(task("x", stamps)) !== null;
    expect(found({ customer: ["other", "acme"] })).toBe(true);
    expect(found({ customer: [7], team: ["a"] })).toBe(true);
    expect([found({ customer: ["7"] }), found({ team: ["acme"] }), found({})]).toEqual([false, false, false]);
    expect(list.ids).toEqual([]);
  });
});
