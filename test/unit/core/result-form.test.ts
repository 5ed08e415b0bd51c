/** Results outside of JSON: what lies in Redis for a text, and the text of what lies there. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeResult, resultContent, resultTextOf } from "../../../packages/core/src/result-form.ts";
import { type ResultFacts, readResult, resultText } from "../../../packages/core/src/result-meta.ts";

const facts: ResultFacts = {
  ...{
    taskId: "t",
    state: "SUCCESS",
    attempt: 2,
    children: [],
    nowMs: Date.UTC(2026, 0, 2),
    groupId: null,
    parentId: null,
    extended: null,
  },
};
const textOf = (value: unknown) => resultText(facts, encodeResult(value, "result", "msgpack"), null);

describe("a result in msgpack", () => {
  it("is read as the result that it was", () => {
    const values = [Buffer.from([0, 255]), 2n ** 60n, 2 ** 40, 0.1, "ä", null, { deep: [[]] }];
    const content = Buffer.from(resultContent(textOf(values), "msgpack")!.bytes);
    expect(content.subarray(0, 16).toString("latin1")).toBe("\x87\xa6status\xa7SUCCESS".slice(0, 16));
    expect(readResult("t", resultTextOf(content, ["msgpack"]))).toEqual(readResult("t", textOf(values)));
    expect(readResult("t", resultTextOf(content, ["msgpack"])).result).toEqual(values);
  });

  it("is refused with its path where msgpack cannot carry it, which JSON could", () => {
    const refusal = expect.objectContaining({
      code: "PUBLISH_ENCODE",
      message: "result.a is a bigint of more than 64 bits, which msgpack cannot carry",
    });
    expect(() => encodeResult({ a: 2n ** 70n }, "result", "msgpack")).toThrow(refusal);
    expect(encodeResult({ a: 2n ** 70n }, "result", "json")).toBe('{"a":1180591620717411303424}');
  });
});

describe("what lies there", () => {
  it("is the text itself where that is JSON", () => {
    expect(resultContent("{}", "json")).toBeUndefined();
    expect(resultTextOf(Buffer.from(' {"status": "ä"}'), ["msgpack"])).toBe(' {"status": "ä"}');
    expect(resultTextOf(Buffer.alloc(0), [])).toBe("");
  });

  it("is a text, whatever it is", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(typeof resultTextOf(Buffer.from(bytes), ["msgpack"])).toBe("string");
      }),
    );
  });
});
