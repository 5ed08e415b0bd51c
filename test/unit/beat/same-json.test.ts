/** Values against the texts that JSON would make of them. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { isSameJson } from "../../../packages/beat/src/same-json.ts";

it("tells whether two values are the same JSON, as their texts do", () => {
  const few = fc.oneof(fc.constantFrom(null, true, 0, 1, "a", "b"), fc.constantFrom([], {}));
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      few,
      fc.array(tie("any"), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom("x", "y"), tie("any"), { maxKeys: 2 }),
    ),
  })).any;
  fc.assert(
    fc.property(value, value, (one, other) => isSameJson(one, other) === (sorted(one) === sorted(other))),
    { numRuns: 2_000 },
  );
  fc.assert(fc.property(value, (one) => isSameJson(one, structuredClone(one))));
  expect(isSameJson({ x: 1, y: 2 }, { y: 2, x: 1 })).toBe(true);
});

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([name], [next]) => (name < next ? -1 : 1)))
      : each,
  );
}
