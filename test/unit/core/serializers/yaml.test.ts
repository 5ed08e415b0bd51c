/** YAML as PyYAML's safe_load and safe_dump have it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ContentRules, decodeContent, encodeParts, serializers } from "../../../../packages/core/src/content.ts";
import { anySign } from "../../../support/any-sign.ts";

const rules: ContentRules = { accept: ["yaml"], maxBytes: 100_000_000 };
const read = (text: string) => decodeContent({ body: Buffer.from(text), contentType: "application/x-yaml", headers: {} }, rules).value;
const write = (value: unknown) => Buffer.from(encodeParts({ args: value }, serializers.yaml)).toString();
const back = (value: unknown) => (read(write(value)) as readonly unknown[])[0];

describe("a value", () => {
  it("comes back as it was sent", () => {
    const some = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, tie("leaf"), fc.array(tie("value")), fc.dictionary(fc.string({ unit: anySign }), tie("value"))),
      leaf: fc.oneof(
        fc.constantFrom(
          null,
          true,
          false,
          "yes",
          "null",
          "1",
          "0o7",
          "2030-01-02",
          "~",
          "",
          "=",
          "<<",
          1e17,
          5e-324,
          Number.NaN,
          1 / 0,
          -1 / 0,
        ),
        fc.bigInt().filter((value) => !Number.isSafeInteger(Number(value))),
        fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value)),
        fc.jsonValue({ maxDepth: 0, stringUnit: anySign }).map((value) => (Object.is(value, -0) ? 0 : value)),
      ),
    })).value;
    fc.assert(
      fc.property(some, (value) => {
        expect(back(value)).toEqual(value);
      }),
    );
  });

  it("has floats and long keys as PyYAML knows them", () => {
    expect(write([1e17, 5e-324, -1.5e300, 0.1, 1, 2n ** 64n])).toBe("[[1.0e+17, 5.0e-324, -1.5e+300, 0.1, 1, 18446744073709551616]]\n");
    expect(write({ ["k".repeat(1_001)]: 1 })).toBe(`[{? "${"k".repeat(1_001)}" : 1}]\n`);
    expect(write("\u0080\u2028\ufeff\ud800é")).toBe('["\\u0080\\u2028\\ufeff\\ud800é"]\n');
  });
});

describe("what PyYAML wrote", () => {
  it.each<[string, unknown]>([
    [
      "- 1\n- 017\n- 12345678901234567890\n- 1.5e+17\n- .inf\n- ~\n- yes\n- 'yes'\n",
      [1, 15, 12345678901234567890n, 1.5e17, 1 / 0, null, true, "yes"],
    ],
    [
      "{b: !!binary AP8=, d: 2030-01-02, t: 2030-01-02 03:04:05.678901+05:30}",
      { b: Buffer.from([0, 255]), d: new Date("2030-01-02"), t: new Date("2030-01-01T21:34:05.678Z") },
    ],
    ["- &id001\n  - 1\n- *id001\n", [[1], [1]]],
  ])("is read: %j", (text, value) => {
    expect(read(text)).toEqual(value);
  });
});

describe("a text of a stranger", () => {
  const bomb = Array.from(
    { length: 12 },
    (_, level) => `a${level}: &a${level} [${Array(10).fill(level === 0 ? "x" : `*a${level - 1}`)}]`,
  ).join("\n");

  it.each<[string, string, string]>([
    ["an object of Python", "!!python/object/apply:os.system ['ls']", "Unresolved tag"],
    ["a tag of its own", "!ours {a: 1}", "Unresolved tag"],
    ["a set", "!!set {a: null}", "Unresolved tag"],
    ["aliases of aliases", bomb, "Excessive alias count"],
    ["lists in lists without end", "[".repeat(100_000), "nested deeper than 500"],
    ["dashes without end", "- ".repeat(100_000), "nested deeper than 500"],
    ["lines ever further in", Array.from({ length: 1_000 }, (_, indent) => `${" ".repeat(indent)}a:`).join("\n"), "nested deeper than 500"],
    ["more digits than Python reads", "1".repeat(4_301), "An integer of more than 4300 digits"],
    ["two documents", "--- 1\n--- 2\n", "it is not one document"],
    ["no YAML", "{a: [}", ""],
  ])("is refused: %s", (_what, text, why) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({
        code: "MESSAGE_UNDECODABLE",
        message: expect.stringMatching(new RegExp(`^Body is not YAML: .*${why}`, "s")),
      }),
    );
  });

  it("changes no prototype", () => {
    const value = read("__proto__: {polluted: 1}\n<<: {__proto__: {polluted: 1}}") as { polluted?: unknown };
    expect([Object.getPrototypeOf(value), value.polluted, ({} as { polluted?: unknown }).polluted]).toEqual([
      Object.prototype,
      undefined,
      undefined,
    ]);
  });

  it("is a value or undecodable, whatever it is", () => {
    const piece = fc.constantFrom(
      "- ",
      "a: ",
      "&a ",
      "*a",
      "[",
      "]",
      "{",
      "}",
      "? ",
      "!!binary ",
      "!!str ",
      "<<: ",
      "\n  ",
      "\n",
      "|",
      ">",
      "'",
      '"',
      "%",
      "1",
      "2030-01-02",
      "x",
    );
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join("")),
        (text) => {
          try {
            read(text);
          } catch (error) {
            expect(error).toMatchObject({ code: "MESSAGE_UNDECODABLE" });
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
