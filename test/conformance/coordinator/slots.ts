/** Coordinator cases: slots. */
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { hold, type Suite } from "./world.ts";

export function describeSlots(suite: Suite): void {
  it("gives out as many slots as the limit says, and one more for each that is released", async () => {
    const key = randomUUID();
    const first = await hold(suite.one(), key, 2);
    expect(first.key).toBe(key);
    await hold(suite.other(), key, 2);
    expect(await suite.one().slots(key, 2)).toBeNull();
    await first.release();
    await first.release();
    await hold(suite.other(), key, 2);
    expect(await suite.one().slots(key, 2)).toBeNull();
    expect(first.lost.aborted).toBe(false);
  });

  it("gives exactly as many to many who ask at once", async () => {
    const key = randomUUID();
    const slots = await Promise.all(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? suite.one() : suite.other()).slots(key, 7)),
    );
    expect(slots.filter((slot) => slot !== null)).toHaveLength(7);
  });

  it("follows a limit that is raised", async () => {
    const key = randomUUID();
    await hold(suite.one(), key, 1);
    expect(await suite.one().slots(key, 1)).toBeNull();
    await hold(suite.one(), key, 2);
    await hold(suite.one(), `${key}!`, 1);
  });

  it("has back the slots of a coordinator that was closed", async () => {
    const key = randomUUID();
    const third = suite.open();
    await hold(third, key, 2);
    await hold(third, key, 2);
    expect(await suite.one().slots(key, 2)).toBeNull();
    await third.close();
    await hold(suite.one(), key, 2);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses a limit of %d", async (limit) => {
    await expect(suite.one().slots("any", limit)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
}
