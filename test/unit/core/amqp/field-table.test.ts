import { describe, expect, test } from "vitest";
import { fieldTable } from "../../../../packages/core/src/amqp/field-table.ts";

describe("headers for AMQP", () => {
  test("carry integers with the codes every client reads alike", () => {
    expect(fieldTable({ zero: 0, small: 127, timelimit: [300, 240], negative: -1, big: 2 ** 31, most: Number.MAX_SAFE_INTEGER })).toEqual({
      zero: 0,
      small: 127,
      timelimit: [
        { "!": "int", value: 300 },
        { "!": "int", value: 240 },
      ],
      negative: { "!": "int", value: -1 },
      big: { "!": "long", value: 2 ** 31 },
      most: { "!": "long", value: Number.MAX_SAFE_INTEGER },
    });
  });

  test("carry everything else a number can be as a double", () => {
    expect(fieldTable({ half: 0.5, huge: 1e300, nothing: Number.NaN, all: Number.POSITIVE_INFINITY })).toEqual({
      half: { "!": "double", value: 0.5 },
      huge: { "!": "double", value: 1e300 },
      nothing: { "!": "double", value: Number.NaN },
      all: { "!": "double", value: Number.POSITIVE_INFINITY },
    });
  });

  test("keep texts, booleans, nulls, nested tables and arrays, bytes and what the library decoded itself", () => {
    const timestamp = { "!": "timestamp", value: 1_700_000_000 };
    const headers = { text: "grüße", yes: true, none: null, nested: { list: [1, "zwei", [null]] }, timestamp };
    expect(fieldTable(headers)).toEqual(headers);
    expect(fieldTable({ bytes: new Uint8Array([1, 2]) })).toEqual({ bytes: Buffer.from([1, 2]) });
    expect(fieldTable({ at: new Date(0), hole: [undefined] })).toEqual({ at: "1970-01-01T00:00:00.000Z", hole: [null] });
  });

  test("take 64-bit integers and refuse larger ones", () => {
    expect(fieldTable({ long: 2n ** 62n })).toEqual({ long: { "!": "long", value: 2n ** 62n } });
    expect(() => fieldTable({ longer: 2n ** 63n })).toThrow(TypeError);
  });
});
