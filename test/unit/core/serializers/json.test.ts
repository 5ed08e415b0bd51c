import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ContentRules, decodeContent } from "../../../../packages/core/src/content.ts";
import type { HandleSource } from "../../../../packages/core/src/result.ts";
import { createGroupResult, createResult } from "../../../../packages/core/src/result-tree.ts";
import { checkHeaders, encodeJson } from "../../../../packages/core/src/serializers/json.ts";
import { anySign } from "../../../support/any-sign.ts";

const json: ContentRules = { accept: ["json"], maxBytes: 100_000_000 };
const bytes = (text: string) => new TextEncoder().encode(text);
const refused = (message: string) => expect.objectContaining({ code: "PUBLISH_ENCODE", message });

const cyclic: { list: unknown[] } = { list: [] };
cyclic.list.push({ back: cyclic });
const source = { waits: new Set(), revive: () => undefined } as unknown as HandleSource;
const handle = createResult(source, { id: "id-1", taskName: null, known: true });
const groupHandle = createGroupResult(source, { id: "group-1", members: [] });

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
    ["NaN", [1, Number.NaN], "args[1] is NaN, which JSON cannot carry"],
    ["Infinity", { x: Number.NEGATIVE_INFINITY }, "args.x is -Infinity, which JSON cannot carry"],
    ["a Map", [new Map()], "args[0] is a Map, which JSON cannot carry"],
    ["a Set", [new Set()], "args[0] is a Set, which JSON cannot carry"],
    ["a promise", [Promise.resolve()], "args[0] is a Promise, which JSON cannot carry"],
    ["numbers in memory", { data: new Float32Array(1) }, "args.data is a Float32Array, which JSON cannot carry"],
    ["memory", { data: new ArrayBuffer(1) }, "args.data is a ArrayBuffer, which JSON cannot carry"],
    ["an Error", [new TypeError("x")], "args[0] is an Error, which JSON cannot carry"],
    ["a RegExp", [/x/], "args[0] is a RegExp, which JSON cannot carry"],
    ["what would come out empty", [new Headers({ a: "b" })], "args[0] is a Headers without members of its own, which JSON cannot carry"],
    ["a class that hides its members", [new Hidden()], "args[0] is a Hidden without members of its own, which JSON cannot carry"],
    ["a date that is none", [new Date(Number.NaN)], "args[0] is an invalid Date, which JSON cannot carry"],
    ["a cycle", [cyclic], "args[0].list[0].back is a cycle, which JSON cannot carry"],
    ["a result's handle", [handle], "args[0] is an AsyncResult (send its id), which JSON cannot carry"],
    ["a group's handle", [groupHandle], "args[0] is a GroupResult (send its id), which JSON cannot carry"],
    ["what toJSON gives", [{ toJSON: () => ({ inner: new Map() }) }], "args[0].inner is a Map, which JSON cannot carry"],
  ])("is refused with its path: %s", (_what, value, message) => {
    expect(() => encodeJson(value, "args")).toThrow(refused(message));
    const path = message.replace(/^args/, "headers.x").replace("JSON", "a header");
    expect(() => checkHeaders({ x: value })).toThrow(refused(path));
  });

  it("is an integer of more digits than Python reads", () => {
    expect(encodeJson([10n ** 4_299n, -(10n ** 4_299n)], "args")).toHaveLength(8_604);
    for (const value of [10n ** 4_300n, -(10n ** 4_300n)])
      expect(() => encodeJson([[value]], "args")).toThrow(
        refused("args[0][0] is a bigint of more than 4300 digits, which JSON cannot carry"),
      );
  });

  it("is more in a header", () => {
    expect(() => checkHeaders({ id: 5n })).toThrow(refused("headers.id is a bigint, which a header cannot carry"));
    expect(() => checkHeaders({ a: [Buffer.from("x")] })).toThrow(refused("headers.a[0] is a Uint8Array, which a header cannot carry"));
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
          expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value, inWords) ?? "null"));
        },
      ),
    );
  });
});

/** What JSON.stringify has no words for, in ours. */
function inWords(this: unknown, name: string, given: unknown): unknown {
  const value = (this as Record<string, unknown>)[name];
  if (typeof value === "bigint") return Number(value);
  return value instanceof Uint8Array ? { __type__: "base64", __value__: Buffer.from(value).toString("base64") } : given;
}

/** What a reader makes of `text`, typed values included. */
function back(text: string): unknown {
  const { value, meant } = decodeContent({ body: bytes(text), contentType: "application/json", headers: {} }, json);
  return meant === null ? value : meant(value);
}

describe("a value", () => {
  it("comes back as it was sent", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: anySign }), (value) => {
        expect(back(encodeJson(value, "args"))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("comes back as it was sent where JSON has no words for it: bytes, and integers beyond 2^53", () => {
    const beyond = fc.bigInt().filter((value) => !Number.isSafeInteger(Number(value)));
    const some = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, tie("leaf"), fc.array(tie("value")), fc.dictionary(fc.string({ unit: anySign }), tie("value"))),
      leaf: fc.oneof(
        beyond,
        fc.uint8Array().map((value) => Buffer.from(value)),
        fc.jsonValue({ maxDepth: 0 }).map((value) => (Object.is(value, -0) ? 0 : value)),
      ),
    })).value;
    fc.assert(
      fc.property(some, (value) => {
        expect(back(encodeJson(value, "args"))).toEqual(value);
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
    ["a bigint", [5n, -(2n ** 64n), { at: new Date(0), none: undefined }], '[5,-18446744073709551616,{"at":"1970-01-01T00:00:00.000Z"}]'],
    ["a number that is no exact integer", [2 ** 53, -1e17, 2 ** 53 - 1], "[9.007199254740992e+15,-1e+17,9007199254740991]"],
    ["bytes", { file: Buffer.from([0, 255]), [`a"b`]: [undefined] }, '{"file":{"__type__":"base64","__value__":"AP8="},"a\\"b":[null]}'],
    ["a part of bytes", [new Uint8Array([1, 2, 3]).subarray(1, 2)], '[{"__type__":"base64","__value__":"Ag=="}]'],
    ["bytes of another realm", runInNewContext("[new Uint8Array([1])]"), '[{"__type__":"base64","__value__":"AQ=="}]'],
  ])("is written: %s", (_what, value, text) => {
    expect(encodeJson(value, "args")).toBe(text);
  });
});

describe("a number that Python writes as a bare word", () => {
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

describe("an integer of Python's", () => {
  it("is a bigint where a number would not be exact, wherever it stands", () => {
    expect(back("[9007199254740991, -9007199254740991, 9007199254740992, -9007199254740993]")).toEqual([
      ...[9007199254740991, -9007199254740991],
      ...[9007199254740992n, -9007199254740993n],
    ]);
    expect(back('{"a": 12345678901234567890 , "b":[-12345678901234567890]}')).toEqual({
      a: 12345678901234567890n,
      b: [-12345678901234567890n],
    });
    expect(back("12345678901234567890")).toBe(12345678901234567890n);
  });

  it("is no float, no text and no part of one", () => {
    const text = '[0.30000000000000004, 1234567890123456789.5, 1234567890123456789e3, 1e-1234567890123456789, "12345678901234567890"]';
    expect(back(text)).toEqual(JSON.parse(text));
    const texts = ["1".repeat(40), `${"2".repeat(40)}\\`, `"${"3".repeat(40)}`];
    expect(back(JSON.stringify([...texts, 7]))).toEqual([...texts, 7]);
    expect(() => back("[00012345678901234567890]")).toThrow(/Body is not JSON/);
    expect(() => back(`[${"1".repeat(4_301)}]`)).toThrow("Body is not JSON: An integer of more than 4300 digits");
    expect(back(`[${"1".repeat(4_300)}]`)).toEqual([BigInt("1".repeat(4_300))]);
  });
});

describe("a typed value of kombu 5.3", () => {
  const typed = (type: unknown, value: unknown) => JSON.stringify({ __type__: type, __value__: value });

  it.each<[string, unknown, unknown]>([
    ["datetime", "2030-01-02T03:04:05.678901+05:30", new Date("2030-01-01T21:34:05.678Z")],
    ["datetime", "2030-01-02T03:04:05", new Date("2030-01-02T03:04:05Z")],
    ["date", "2030-01-02", "2030-01-02"],
    ["time", "03:04:05.000001+00:00", "03:04:05.000001+00:00"],
    ["decimal", "10.50", "10.50"],
    ["uuid", { hex: "A0EEBC999C0B4EF8BB6D6BB9BD380A11" }, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    ["bytes", "żółć", Buffer.from("żółć")],
    ["base64", "AP8=", Buffer.from([0, 255])],
  ])("is read: %s %j", (type, value, meaning) => {
    expect(back(`{"list": [1, ${typed(type, value)}], "o": {"__proto__": ${typed(type, value)}}}`)).toEqual({
      list: [1, meaning],
      o: JSON.parse('{"__proto__": 0}', (name, member) => (name === "__proto__" ? meaning : member)),
    });
    expect(back(typed(type, value))).toEqual(meaning);
  });

  it.each<[string, string]>([
    ["of a type nobody knows", typed("timedelta", 1)],
    ["of no type", typed(["datetime"], "2030-01-02")],
    ["that is no date", typed("datetime", "tomorrow")],
    ["that is no text", typed("decimal", 10.5)],
    ["that is no UUID", typed("uuid", { hex: "xyz" })],
    ["that is nothing", typed("uuid", null)],
    ["too deep to be looked at", `${"[".repeat(50_000)}${typed("date", "2030-01-02")}${"]".repeat(50_000)}`],
  ])("is undecodable: one %s", (_what, text) => {
    expect(() => back(`[${text}]`)).toThrow(expect.objectContaining({ code: "MESSAGE_UNDECODABLE" }));
  });

  it("has exactly two members", () => {
    const text =
      '[{"__type__": "x"}, {"__type__": "x", "__value__": 1, "more": 2}, {"__type__": "x", "__value": 1}, ["__type__", "__value__"]]';
    expect(back(text)).toEqual(JSON.parse(text));
  });
});

describe("content", () => {
  it.each([
    ["application/x-python-serialize", "pickle is never read"],
    ["application/x-pickle", "pickle is never read"],
    ["application/x-msgpack", 'accept_content is json (add "msgpack" to read it)'],
    ["application/x-yaml", 'accept_content is json (add "yaml" to read it)'],
    ["text/plain", "accept_content is json"],
    ["", "accept_content is json"],
  ])("of type %j is refused", (type, why) => {
    expect(() => decodeContent({ body: bytes("1"), contentType: type, headers: {} }, json)).toThrow(
      expect.objectContaining({ code: "CONTENT_REFUSED", message: expect.stringContaining(why) }),
    );
  });

  it.each([
    ["no JSON", bytes("{'a': 1}")],
    ["a bare word that is no number", bytes("[Nan, NaN]")],
    ["nothing", bytes("")],
    ["no UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
  ])("that is %s is undecodable, with the reason", (_what, content) => {
    expect(() => decodeContent({ body: content, contentType: "application/json", headers: {} }, json)).toThrow(
      expect.objectContaining({
        code: "MESSAGE_UNDECODABLE",
        message: expect.stringMatching(/^Body is not JSON: ./),
        cause: expect.any(Error),
      }),
    );
  });
});
