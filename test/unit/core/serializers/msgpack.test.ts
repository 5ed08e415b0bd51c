/** MessagePack: what is sent comes back, and what anybody may send is refused before it costs anything. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ContentRules, decodeContent, encodeParts, serializers } from "../../../../packages/core/src/content.ts";
import { anySign } from "../../../support/any-sign.ts";

const rules: ContentRules = { accept: ["msgpack"], maxBytes: 100_000_000 };
const encode = (value: unknown) => encodeParts({ args: value }, serializers.msgpack);
const decode = (bytes: Uint8Array) => decodeContent({ body: bytes, contentType: "application/x-msgpack", headers: {} }, rules).value;
const back = (value: unknown) => (decode(encode(value)) as readonly unknown[])[0];
const undecodable = (why: string) => expect.objectContaining({ code: "MESSAGE_UNDECODABLE", message: `Body is not msgpack: ${why}` });

describe("a value", () => {
  it("comes back as it was sent", () => {
    const text = fc.string({ unit: anySign }).map((value) => Buffer.from(value).toString());
    const name = text.filter((value) => value !== "__proto__");
    const some = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, tie("leaf"), fc.array(tie("value")), fc.dictionary(name, tie("value"), { noNullPrototype: true })),
      leaf: fc.oneof(
        fc.constantFrom(null, true, false, 2 ** 31, 2 ** 32, -(2 ** 31) - 1, 2 ** 53 - 1, 1 - 2 ** 53, 1e17, Number.NaN, 1 / 0),
        fc.bigInt({ min: 2n ** 53n + 1n, max: 2n ** 64n - 1n }),
        fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) - 1n }),
        fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value)),
        fc.double().map((value) => (Object.is(value, -0) ? 0 : value)),
        fc.integer(),
        text,
      ),
    })).value;
    fc.assert(
      fc.property(some, (value) => {
        expect(back(value)).toEqual(value);
      }),
    );
  });

  it("has integers of Python's that are no floats", () => {
    expect(encode(2 ** 40).toString()).toBe(Buffer.from("91d30000010000000000", "hex").toString());
    expect(encode(7n).toString()).toBe(encode(7n).toString());
  });

  it("is a text where it is a date, and left out where it is undefined", () => {
    expect(back({ at: new Date(0), none: undefined, list: [undefined] })).toEqual({ at: "1970-01-01T00:00:00.000Z", list: [null] });
  });

  it.each<[unknown, string]>([
    [[2n ** 64n], "args[0] is a bigint of more than 64 bits, which msgpack cannot carry"],
    [{ a: [new Map()] }, "args.a[0] is a Map, which msgpack cannot carry"],
  ])("is refused with its path where it cannot travel", (value, message) => {
    expect(() => encode(value)).toThrow(expect.objectContaining({ code: "PUBLISH_ENCODE", message }));
  });
});

describe("bytes of a stranger", () => {
  it.each<[string, string, string]>([
    ["a date of an extension type", "d6ff00000000", "msgpack has an extension type or none (0xd6)"],
    ["a record of msgpackr's", "c70172ff", "msgpack has an extension type or none (0xc7)"],
    ["a byte that means nothing", "c1", "msgpack has an extension type or none (0xc1)"],
    ["a list of four thousand million", "ddffffffff", "msgpack claims 4294967295 values where 0 bytes are left"],
    ["a list of 33 million, in a list", "91dd01ffffff00", "msgpack claims 33554431 values where 1 bytes are left"],
    ["a map of four thousand million", "dfffffffff00", "msgpack claims 8589934590 values where 1 bytes are left"],
    ["a text that ends early", "d9ff61", "msgpack ends early"],
    ["a number that ends early", "cb00", "msgpack ends early"],
    ["nothing", "", "msgpack ends early"],
    ["two values", "0102", "msgpack goes on behind its value"],
    ["lists in lists without end", "91".repeat(100_000), "msgpack is nested deeper than 511"],
  ])("is refused: %s", (_what, hex, why) => {
    expect(() => decode(Buffer.from(hex, "hex"))).toThrow(undecodable(why));
  });

  it("changes no prototype", () => {
    const value = decode(Buffer.from("81a95f5f70726f746f5f5f81a8706f6c6c7574656401", "hex")) as { polluted?: unknown };
    expect([Object.getPrototypeOf(value), value.polluted, ({} as { polluted?: unknown }).polluted]).toEqual([
      Object.prototype,
      undefined,
      undefined,
    ]);
  });

  it("is a value or undecodable, whatever it is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decode(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: "MESSAGE_UNDECODABLE" });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
