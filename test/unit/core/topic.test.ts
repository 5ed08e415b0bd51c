import fc from "fast-check";
import { expect, test } from "vitest";
import { matchesTopic } from "../../../packages/core/src/topic.ts";

test.each([
  ["orders.created", "orders.created", true],
  ["orders.created", "orders.deleted", false],
  ["orders.*", "orders.created", true],
  ["orders.*", "orders.eu.created", false],
  ["orders.*", "orders", false],
  ["orders.#", "orders", true],
  ["orders.#", "orders.eu.created", true],
  ["#.created", "created", true],
  ["#", "", true],
  ["#", "any.thing", true],
  ["*", "", false],
  ["*.*", "a.", true],
  ["a+b.$", "a+b.$", true],
  ["a+b", "aab", false],
  ["ordersx", "orders.x", false],
])("%s meets %s: %s", (pattern, key, meets) => {
  expect(matchesTopic(pattern, key)).toBe(meets);
});

test("agrees with the definition, word by word", () => {
  const word = fc.constantFrom("a", "b", "c");
  const patternWord = fc.constantFrom("a", "b", "*", "#");
  const defined = (pattern: readonly string[], key: readonly string[]): boolean => {
    const [first, ...rest] = pattern;
    if (first === undefined) return key.length === 0;
    if (first === "#") return defined(rest, key) || (key.length > 0 && defined(pattern, key.slice(1)));
    return key.length > 0 && (first === "*" || first === key[0]) && defined(rest, key.slice(1));
  };
  fc.assert(
    fc.property(fc.array(patternWord, { minLength: 1, maxLength: 5 }), fc.array(word, { maxLength: 5 }), (pattern, key) => {
      expect(matchesTopic(pattern.join("."), key.join("."))).toBe(defined(pattern, key));
    }),
  );
});

test("any number of gaps comes to an end", () => {
  const pattern = `${"#.*.".repeat(100)}z`;
  expect(matchesTopic(pattern, "a.".repeat(1_000))).toBe(false);
  expect(matchesTopic(pattern, `${"a.".repeat(1_000)}z`)).toBe(true);
});
