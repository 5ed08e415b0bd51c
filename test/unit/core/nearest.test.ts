import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearest } from "../../../packages/core/src/nearest.ts";

const known = ["brokerUrl", "resultBackend", "taskDefaultQueue", "taskAcksLate", "durability"];
const word = fc.string({ unit: fc.constantFrom(..."abcdefghij"), minLength: 6, maxLength: 20 });

describe("the nearest known word", () => {
  it.each([
    ["brokerURL", "brokerUrl"],
    ["broker_url", "brokerUrl"],
    ["borkerUrl", "brokerUrl"],
    ["taskAckLate", "taskAcksLate"],
    ["DURABILITY", "durability"],
  ])("to %s is %s", (written, meant) => {
    expect(nearest(written, known)).toBe(meant);
  });

  it.each(["", "concurrency", "x", "taskRateLimitPerSecond"])("to %j is none", (written) => {
    expect(nearest(written, known)).toBeNull();
  });

  it("is the word itself, whatever else is known", () => {
    fc.assert(
      fc.property(fc.uniqueArray(word, { minLength: 1, maxLength: 10 }), fc.nat(), (words, pick) => {
        const written = words[pick % words.length]!;
        expect(nearest(written, words)).toBe(written);
      }),
    );
  });

  it("survives two slips of the finger", () => {
    fc.assert(
      fc.property(word, fc.nat(), fc.nat(), (meant, first, second) => {
        const dropped = without(meant, first);
        expect(nearest(`${dropped.slice(0, second % meant.length)}Z${dropped.slice(second % meant.length)}`, [meant])).toBe(meant);
      }),
    );
    function without(text: string, index: number): string {
      return text.slice(0, index % text.length) + text.slice((index % text.length) + 1);
    }
  });

  it("is never one that differs in most letters", () => {
    fc.assert(
      fc.property(word, (written) => {
        expect(nearest(written, ["KLMNOPQRST"])).toBeNull();
      }),
    );
  });
});
