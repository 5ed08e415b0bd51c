import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readLongIntegers, replaceInNextFrame } from "../../../../packages/core/src/amqp/long-integers.ts";

type Field = readonly [code: string, value: Buffer];

function sized(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function table(fields: readonly (readonly [string, Field])[]): Buffer {
  return sized(
    Buffer.concat(
      fields.map(([key, [code, value]]) => Buffer.concat([Buffer.from([key.length]), Buffer.from(key + code, "latin1"), value])),
    ),
  );
}

function array(fields: readonly Field[]): Buffer {
  return sized(Buffer.concat(fields.map(([code, value]) => Buffer.concat([Buffer.from(code), value]))));
}

/** A header frame with content type, content encoding and headers. */
function headerFrame(headers: Buffer): Buffer {
  const short = (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
  const payload = Buffer.concat([
    Buffer.from([0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0xe0, 0]),
    short("application/L"),
    short("utf-L"),
    headers,
    Buffer.from("LLL"),
  ]);
  return Buffer.concat([Buffer.from([2, 0, 1]), sized(payload), Buffer.from([0xce])]);
}

const eight = Buffer.from("LLLLLLLL");
const fixed: Readonly<Record<string, number>> = { t: 1, b: 1, B: 1, s: 2, u: 2, I: 4, i: 4, f: 4, D: 5, l: 8, L: 8, d: 8, T: 8, V: 0 };

const fields = fc.letrec<{ field: readonly [string, (code: "L" | "l") => Buffer] }>((tie) => ({
  field: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(...Object.keys(fixed)).map((code) => [code, () => Buffer.alloc(fixed[code]!, "L")] as const),
    fc.string({ unit: fc.constantFrom("L", "a") }).map((text) => ["S", () => sized(Buffer.from(text))] as const),
    fc
      .array(tie("field"), { maxLength: 4 })
      .map((items) => ["A", (code: "L" | "l") => array(items.map((item) => coded(item, code)))] as const),
    fc
      .array(fc.tuple(fc.constantFrom("L", "key"), tie("field")), { maxLength: 4 })
      .map((items) => ["F", (code: "L" | "l") => table(items.map(([key, item]) => [key, coded(item, code)]))] as const),
  ),
})).field;

function coded([code, value]: readonly [string, (code: "L" | "l") => Buffer], as: "L" | "l"): Field {
  return [code === "L" ? as : code, value(as)];
}

describe("the codes of long integers", () => {
  test("are replaced wherever a value has one, and nowhere else", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom("L", "retries"), fields), { maxLength: 6 }), (entries) => {
        const frameWith = (code: "L" | "l") => headerFrame(table(entries.map(([key, field]) => [key, coded(field, code)])));
        const frame = frameWith("L");
        replaceInNextFrame(frame);
        expect(frame.equals(frameWith("l"))).toBe(true);
      }),
    );
  });

  test("are left alone in frames that are not whole, and in frames of another kind", () => {
    const frame = headerFrame(table([["k", ["L", eight]]]));
    for (const length of [0, 5, 30, frame.length - 2]) {
      const part = Buffer.from(frame.subarray(0, length));
      replaceInNextFrame(part);
      expect(part.equals(frame.subarray(0, length))).toBe(true);
    }
    const body = Buffer.from(frame);
    body[0] = 3;
    const before = Buffer.from(body);
    replaceInNextFrame(body);
    expect(body.equals(before)).toBe(true);
  });

  test("need a library that reads frames as expected", () => {
    expect(() => readLongIntegers({})).toThrow(TypeError);
  });
});
