import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deliveryTag, deriveId, type FollowUpKind } from "../../../packages/core/src/derived-id.ts";

const origin = fc.tuple(
  fc.oneof(fc.uuid(), fc.string({ unit: "binary" })),
  fc.nat({ max: 1_000 }),
  fc.constantFrom<FollowUpKind>("callback", "errback", "chain"),
  fc.nat({ max: 1_000 }),
);

describe("the id of what follows a task", () => {
  it("is a UUID, and the same whenever it is derived", () => {
    fc.assert(
      fc.property(origin, (from) => {
        const id = deriveId(...from);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(deriveId(...from)).toBe(id);
      }),
    );
  });

  it("differs in each part it is derived from", () => {
    fc.assert(
      fc.property(fc.uniqueArray(origin, { minLength: 2, selector: (from) => JSON.stringify(from) }), (origins) => {
        expect(new Set(origins.map((from) => deriveId(...from))).size).toBe(origins.length);
      }),
    );
  });

  it("never changes from one version to the next: a settlement may be repeated after an upgrade", () => {
    expect(deriveId("f3000000-0000-4000-8000-000000000001", 2, "callback", 1)).toBe("0e80b4b5-945e-507c-bf69-51be4b61df89");
  });
});

describe("the delivery tag of an attempt", () => {
  it("is the task's id at first, and another for each retry", () => {
    expect([0, 1, 12].map((retries) => deliveryTag("id", retries))).toEqual(["id", "id.1", "id.12"]);
  });
});
