import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bucket, takeTokens } from "../../../packages/core/src/token-bucket.ts";

const rates = fc.record({ limit: fc.integer({ min: 1, max: 50 }), perMs: fc.integer({ min: 1, max: 100_000 }) });
const askings = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 5_000 }), share: fc.double({ min: 0.01, max: 1, noNaN: true }) }), {
  maxLength: 60,
});

describe("a token bucket", () => {
  it("gives out no more than was in it and came in since, however it is asked", () => {
    fc.assert(
      fc.property(rates, askings, (rate, asked) => {
        let bucket: Bucket | null = null;
        let given = 0;
        let now = 1_700_000_000_000;
        const startedAt = now;
        for (const { afterMs, share } of asked) {
          now += afterMs;
          const n = Math.max(1, Math.floor(share * rate.limit));
          const taken = takeTokens(bucket, n, rate, now);
          if (!taken.taken) {
            // What was promised is there then, and was not two moments before.
            expect(takeTokens(bucket, n, rate, now + taken.waitMs).taken).toBe(true);
            expect(takeTokens(bucket, n, rate, now + taken.waitMs - 2).taken).toBe(false);
            continue;
          }
          bucket = taken.bucket;
          given += n;
          expect(given).toBeLessThanOrEqual(rate.limit + ((now - startedAt) * rate.limit) / rate.perMs + 1e-6);
          expect(takeTokens(bucket, rate.limit, rate, Math.ceil(taken.fullAt) + 1).taken).toBe(true);
        }
      }),
    );
  });

  it("gains nothing from a clock that is set back, and goes on from there", () => {
    const rate = { limit: 2, perMs: 1_000 };
    const first = takeTokens(null, 2, rate, 10_000);
    const { bucket } = first as Extract<typeof first, { taken: true }>;
    expect(takeTokens(bucket, 1, rate, 5_000)).toEqual({ taken: false, waitMs: 500 });
  });
});
