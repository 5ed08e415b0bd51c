/** How long a retry waits: Celery's backoff, within bounds whatever chance says. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { retryDelayMs } from "../../../packages/core/src/retry.ts";

const highest = () => 1 - 2 ** -53;

describe("the wait before a retry", () => {
  it("is 3 minutes, or the task's own delay, whatever the attempt", () => {
    expect([0, 7].map((retries) => retryDelayMs({}, retries, highest))).toEqual([180_000, 180_000]);
    expect(retryDelayMs({ defaultRetryDelay: "5s", retryBackoff: false }, 3, highest)).toBe(5_000);
  });

  it("doubles with each attempt, from 1 s or the factor, up to 10 minutes or the task's limit", () => {
    const waits = (options: object, ...attempts: readonly number[]) =>
      attempts.map((retries) => retryDelayMs({ retryJitter: false, ...options }, retries, highest));
    expect(waits({ retryBackoff: true }, 0, 1, 5, 9, 10, 2_000)).toEqual([1_000, 2_000, 32_000, 512_000, 600_000, 600_000]);
    expect(waits({ retryBackoff: "250ms", retryBackoffMax: "1s" }, 0, 1, 2, 3)).toEqual([250, 500, 1_000, 1_000]);
    expect(waits({ retryBackoff: 0 }, 0, 50)).toEqual([0, 0]);
  });

  it("is a whole number of ms between 0 and that, both included, unless there is to be no jitter", () => {
    const chance = fc.double({ min: 0, max: highest(), noNaN: true });
    fc.assert(
      fc.property(fc.nat(3_000), fc.constantFrom(true, 0.3, "7s" as const), chance, (retries, retryBackoff, random) => {
        const most = retryDelayMs({ retryBackoff, retryJitter: false }, retries, highest);
        const wait = retryDelayMs({ retryBackoff }, retries, () => random);
        expect(Number.isInteger(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(most);
      }),
    );
    expect([retryDelayMs({ retryBackoff: true }, 2, () => 0), retryDelayMs({ retryBackoff: true }, 2, highest)]).toEqual([0, 4_000]);
  });
});
