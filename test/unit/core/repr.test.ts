import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stars } from "../../../packages/core/src/redact.ts";
import { reprArgs, reprKwargs } from "../../../packages/core/src/repr.ts";

describe("arguments as Python shows them", () => {
  it.each<[readonly unknown[], string]>([
    [[], "()"],
    [[1], "(1,)"],
    [[1, "two", 3.5, null, true, false], "(1, 'two', 3.5, None, True, False)"],
    [[[1, [2]], { k: "v", n: {} }], "([1, [2]], {'k': 'v', 'n': {}})"],
    [["it's", 'say "hi"', `it's "both"`], `("it's", 'say "hi"', 'it\\'s "both"')`],
    [["a\\b\n\r\t\u0000\u007f"], String.raw`('a\\b\n\r\t\x00\x7f',)`],
    [["\u00a0\u00ad\u200b\u2028\ud800", "é日😀"], String.raw`('\xa0\xad\u200b\u2028\ud800', 'é日😀')`],
    [["\u{e0001}"], String.raw`('\U000e0001',)`],
    [[1e21, 1e20, 0.0001, 0.00001, 1.5e-7, -0, -2.5], "(1e+21, 1e+20, 0.0001, 1e-05, 1.5e-07, 0, -2.5)"],
    [[undefined], "(None,)"],
    [[Buffer.from("it's \u00ff\n")], String.raw`(b"it's \xc3\xbf\n",)`],
    [[new Date(0)], "('1970-01-01T00:00:00.000Z',)"],
    [[{ a: undefined, b: 1 }], "({'b': 1},)"],
    [[new URL("https://x.example/")], "('https://x.example/',)"],
  ])("%j", (args, text) => {
    expect(reprArgs(args)).toBe(text);
  });

  it("are integers and floats of any size", () => {
    expect(reprArgs([2n ** 64n, -1n])).toBe("(18446744073709551616, -1)");
    expect(reprArgs([2 ** 53 - 1, 2 ** 53, -1e16, 1.5e300])).toBe("(9007199254740991, 9007199254740992.0, -1e+16, 1.5e+300)");
  });

  it("are a dict where they have names", () => {
    expect(reprKwargs({})).toBe("{}");
    expect(reprKwargs({ a: 1, "b c": ["x"] })).toBe("{'a': 1, 'b c': ['x']}");
  });

  it("show no secret, however deep its name lies", () => {
    expect(reprKwargs({ password: "hunter2", to: { apiKey: "hunter2", list: [{ token: ["hunter2"] }] } })).toBe(
      `{'password': '${stars}', 'to': {'apiKey': '${stars}', 'list': [{'token': '${stars}'}]}}`,
    );
    expect(reprArgs([{ authorization: "hunter2" }])).not.toContain("hunter2");
  });

  it("are cut after 1,024 characters, never within a character", () => {
    const text = reprArgs(["x".repeat(5_000)]);
    expect([text.length, text.slice(0, 4), text.slice(-5)]).toEqual([1_024, "('xx", "xx..."]);
    const faces = reprArgs([`a${"😀".repeat(1_000)}`]);
    expect(faces.length).toBeLessThanOrEqual(1_024);
    expect(faces).toMatch(/😀\.\.\.$/u);
    expect(reprKwargs(Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`key${index}`, index])))).toMatch(
      /^\{'key0': 0, .*\.\.\.$/,
    );
  });

  it("are shown whatever their depth and size", () => {
    const deep = Array.from({ length: 50_000 }).reduce<unknown>((inner) => [inner], 1);
    expect(reprArgs([deep])).toHaveLength(1_024);
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (args) => {
        const text = reprArgs(args);
        expect(text.length).toBeLessThanOrEqual(1_024);
        expect(text).toMatch(/^\(.*(\)|\.\.\.)$/s);
      }),
    );
  });
});
