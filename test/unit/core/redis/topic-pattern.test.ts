import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTopicPattern, topicPattern } from "../../../../packages/core/src/brokers/redis/topic-pattern.ts";
import { meets } from "../../../../packages/core/src/wildcards.ts";

describe("a pattern of kombu's", () => {
  it("escapes what kombu escapes", () => {
    expect(topicPattern("a-b_c.*.ü1#")).toBe("^a\\-b\\_c\\..*?[^\\.]\\.ü1#$");
  });

  it("means what it means as a regular expression", () => {
    const word = fc.constantFrom("*", "#", "a", "b-", "ü#", "\\d", "", "(a|b)", "\0");
    const text = fc.string({ unit: fc.constantFrom("a", "b", "-", ".", "ü", "#", "\\d", "(a|b)", "\0"), maxLength: 8 });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), text, (words, key) => {
        const pattern = topicPattern(words.join("."));
        expect(meets(readTopicPattern(pattern)!, key)).toBe(new RegExp(pattern).test(key));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(["", "a", "^a", "a$", "^(a)$", "^a+$", "^a*b$", "^.$", "^.*$", "^[ab]$", "^\\d$", "^a\\$", "^a|b$", "^a{2}$", "^^a$$"])(
    "%s is none",
    (pattern) => {
      expect(readTopicPattern(pattern)).toBeNull();
    },
  );

  it("with any number of gaps is met or not, and comes to an end", () => {
    const key = "a.".repeat(1_000);
    const places = readTopicPattern(topicPattern(`${"#.*.".repeat(100)}z`))!;
    expect(meets(places, key)).toBe(false);
    expect(meets(places, `${key}z`)).toBe(true);
  });
});
