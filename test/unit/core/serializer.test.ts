import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createResult } from "../../../packages/core/src/result.ts";
import { checkJson, decodeContent, encodeJson } from "../../../packages/core/src/serializer.ts";
import { anySign } from "../../support/any-sign.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const refused = (message: string) => expect.objectContaining({ code: "PUBLISH_ENCODE", message });

const cyclic: { list: unknown[] } = { list: [] };
cyclic.list.push({ back: cyclic });
const handle = createResult(
  { clock: null as never, waits: new Set(), backend: null as never, revive: () => undefined },
  { id: "id-1", taskName: null, known: true },
);

class Hidden {
  readonly #value = 1;
  get value() {
    return this.#value;
  }
}

describe("what JSON cannot carry", () => {
  it.each<[string, unknown, string]>([
    ["a function", [{ a: [0, { b: () => {} }] }], "args[0].a[1].b is a function, which JSON cannot carry"],
    ["a class", [class {}], "args[0] is a function, which JSON cannot carry"],
    ["a symbol", { x: Symbol("s") }, "args.x is a symbol, which JSON cannot carry"],
    ["a bigint", [[[5n]]], "args[0][0][0] is a bigint, which JSON cannot carry"],
    ["NaN", [1, Number.NaN], "args[1] is NaN, which JSON cannot carry"],
    ["Infinity", { x: Number.NEGATIVE_INFINITY }, "args.x is -Infinity, which JSON cannot carry"],
    ["a Map", [new Map()], "args[0] is a Map, which JSON cannot carry"],
    ["a Set", [new Set()], "args[0] is a Set, which JSON cannot carry"],
    ["a promise", [Promise.resolve()], "args[0] is a Promise, which JSON cannot carry"],
    ["bytes", { file: Buffer.from("x") }, "args.file is a Uint8Array, which JSON cannot carry"],
    ["an Error", [new TypeError("x")], "args[0] is an Error, which JSON cannot carry"],
    ["a RegExp", [/x/], "args[0] is a RegExp, which JSON cannot carry"],
    ["what would come out empty", [new Headers({ a: "b" })], "args[0] is a Headers without members of its own, which JSON cannot carry"],
    ["a class that hides its members", [new Hidden()], "args[0] is a Hidden without members of its own, which JSON cannot carry"],
    ["a date that is none", [new Date(Number.NaN)], "args[0] is an invalid Date, which JSON cannot carry"],
    ["a cycle", [cyclic], "args[0].list[0].back is a cycle, which JSON cannot carry"],
    ["a result's handle", [handle], "args[0] is an AsyncResult (send its id), which JSON cannot carry"],
    ["what toJSON gives", [{ toJSON: () => ({ inner: new Map() }) }], "args[0].inner is a Map, which JSON cannot carry"],
  ])("is refused with its path: %s", (_what, value, message) => {
    expect(() => encodeJson(value, "args")).toThrow(refused(message));
    expect(() => checkJson(value, "args")).toThrow(refused(message));
  });

  it("is refused with a code of ours, whatever is wrong with it", () => {
    const deep = Array.from({ length: 100_000 }).reduce<unknown>((inner) => [inner], 1);
    const hostile = {
      get value() {
        throw new Error("not now");
      },
    };
    expect(() => encodeJson(hostile, "args")).toThrow(refused("args.value cannot be written as JSON: not now"));
    const sulking = {
      toJSON() {
        throw new Error("not me");
      },
    };
    expect(() => encodeJson([{ a: sulking }], "args")).toThrow(refused("args[0].a cannot be written as JSON: not me"));
    expect(encodeJson({ toJSON: 5 }, "args")).toBe('{"toJSON":5}');
    expect(() => encodeJson(deep, "args")).toThrow(expect.objectContaining({ code: "PUBLISH_ENCODE" }));
  });

  it("is all that is refused: anything else is written, or refused by its path", () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withMap: true,
          withSet: true,
          withDate: true,
          withTypedArray: true,
          withNullPrototype: true,
          withSparseArray: true,
        }),
        (value) => {
          let text: string;
          try {
            text = encodeJson(value, "args");
          } catch (error) {
            expect(error).toMatchObject({
              code: "PUBLISH_ENCODE",
              message: expect.stringMatching(/^args.* is .*, which JSON cannot carry$|^args cannot/s),
            });
            return;
          }
          expect(text).toBe(JSON.stringify(value) ?? "null");
        },
      ),
    );
  });
});

describe("a value", () => {
  it("comes back as it was sent", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: anySign }), (value) => {
        const back = decodeContent(bytes(encodeJson(value, "args")), "application/json");
        expect(back).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("may hold the same object twice, side by side", () => {
    const shared = { a: 1 };
    expect(encodeJson([shared, shared, { shared }], "args")).toBe('[{"a":1},{"a":1},{"shared":{"a":1}}]');
  });

  it.each<[string, unknown, string]>([
    ["undefined at the top", undefined, "null"],
    ["what another realm made", runInNewContext("({ a: [], b: {}, c: new Date(0) })"), '{"a":[],"b":{},"c":"1970-01-01T00:00:00.000Z"}'],
    ["undefined in a list", [undefined, 1], "[null,1]"],
    ["undefined in an object", { a: undefined, b: 1 }, '{"b":1}'],
    ["a date", [new Date(0)], '["1970-01-01T00:00:00.000Z"]'],
    ["what says how it is written", new URL("https://x.example/a"), '"https://x.example/a"'],
    [
      "an instance of a class",
      new (class Point {
        x = 1;
        #hidden = 2;
        sum = this.x + this.#hidden;
      })(),
      '{"x":1,"sum":3}',
    ],
    ["a member called __proto__", JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
    ["a lone surrogate", "\ud800", '"\\ud800"'],
  ])("is written: %s", (_what, value, text) => {
    expect(encodeJson(value, "args")).toBe(text);
  });
});

describe("a number that Python writes as a bare word", () => {
  const back = (text: string) => decodeContent(bytes(text), "application/json");

  it("is read as what it is, and left alone in texts", () => {
    expect(back('[NaN, Infinity, -Infinity, {"NaN": "NaN \\" Infinity", "a": [-Infinity]}, 1]')).toEqual([
      ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      { NaN: 'NaN " Infinity', a: [Number.NEGATIVE_INFINITY] },
      1,
    ]);
  });

  it("is read beside a text of 16 MB", () => {
    const long = "x\\n".repeat(4_000_000);
    expect(back(`["${long}", NaN]`)).toEqual([long.replaceAll("\\n", "\n"), Number.NaN]);
  });
});

describe("content", () => {
  it.each([
    ["application/x-python-serialize", "pickle is never read"],
    ["application/x-pickle", "pickle is never read"],
    ["application/x-msgpack", "only application/json is read"],
    ["text/plain", "only application/json is read"],
    ["", "only application/json is read"],
  ])("of type %j is refused", (type, why) => {
    expect(() => decodeContent(bytes("1"), type)).toThrow(
      expect.objectContaining({ code: "CONTENT_REFUSED", message: expect.stringContaining(why) }),
    );
  });

  it.each([
    ["no JSON", bytes("{'a': 1}")],
    ["a bare word that is no number", bytes("[Nan, NaN]")],
    ["nothing", bytes("")],
    ["no UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
  ])("that is %s is undecodable, with the reason", (_what, content) => {
    expect(() => decodeContent(content, "application/json")).toThrow(
      expect.objectContaining({
        code: "MESSAGE_UNDECODABLE",
        message: expect.stringMatching(/^Body is not JSON: ./),
        cause: expect.any(Error),
      }),
    );
  });
});
