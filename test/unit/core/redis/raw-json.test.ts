import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { headerCount, withHeader, withoutBareWords } from "../../../../packages/core/src/brokers/redis/raw-json.ts";

/** JSON text of any value with whitespace strewn in, as another library might have written it. */
function spelled(value: unknown, space: () => string): string {
  if (Array.isArray(value)) return `[${space()}${value.map((item) => spelled(item, space)).join(`${space()},${space()}`)}${space()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}${space()}:${space()}${spelled(item, space)}`);
  return `{${space()}${members.join(`${space()},${space()}`)}${space()}}`;
}

const latin1 = (text: string) => Buffer.from(text).toString("latin1");
const utf8 = (text: string) => Buffer.from(text, "latin1").toString();

// As read from JSON text, which has no -0.
const anyObject = fc
  .dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 4 }))
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);
const spaces = fc.infiniteStream(fc.constantFrom("", "", " ", "\n", "\t", "\r\n "));
const name = "x-celeriac-deliveries";

/** An envelope with members around the headers that try to look like them. */
const envelopes = fc.tuple(anyObject, anyObject, anyObject, spaces, fc.boolean()).map(([before, headers, after, space, nested]) => {
  const rest = (members: Record<string, unknown>) => Object.fromEntries(Object.entries(members).filter(([key]) => key !== "headers"));
  const trap = nested ? { body: { headers: { [name]: 7 } }, text: `"headers": {"${name}": 9}` } : {};
  const message = { ...rest(before), ...trap, headers, ...rest(after) };
  return { message, text: spelled(message, () => space.next().value) };
});

describe("a header spliced into raw JSON", () => {
  it("is there, and nothing else has changed", () => {
    fc.assert(
      fc.property(envelopes, fc.nat(), ({ message, text }, count) => {
        const spliced = withHeader(latin1(text), name, String(count));
        expect(spliced).not.toBeNull();
        const read = JSON.parse(utf8(spliced as string)) as { headers: Record<string, unknown> };
        expect(read).toEqual({ ...message, headers: { ...(message.headers as object), [name]: count } });
        expect(headerCount(spliced as string, name)).toBe(count);
      }),
    );
  });

  it("leaves every other byte where it was", () => {
    fc.assert(
      fc.property(envelopes, ({ text }) => {
        const raw = latin1(text);
        const once = withHeader(raw, name, "1") as string;
        const twice = withHeader(once, name, "22") as string;
        // A new count takes the place of the old one; a first one stands alone at the headers' beginning.
        expect(twice.length).toBe(once.length + 1);
        expect(withHeader(twice, name, "1")).toBe(once);
        const own = Object.hasOwn((JSON.parse(text) as { headers: object }).headers, name);
        if (own) return;
        const at = once.indexOf(`"${name}": 1`, raw.indexOf('"headers"'));
        const inserted = [`"${name}": 1, `, `"${name}": 1`].map((piece) => once.slice(0, at) + once.slice(at + piece.length));
        expect(inserted).toContain(raw);
      }),
    );
  });

  it("keeps what a parser would round or drop", () => {
    const raw =
      '{"body": "eA==", "headers": {"big": 12345678901234567890, "nan": NaN, "f": 1.0, "e": "\\u00e9", "dup": 1, "dup": 2}, "properties": {}}';
    expect(withHeader(raw, "x", "1")).toBe(raw.replace('{"big"', '{"x": 1, "big"'));
  });

  it("replaces the last of several, which is the one that readers see", () => {
    const raw = '{"headers": {"x": 1, "x": 2}}';
    expect(withHeader(raw, "x", "3")).toBe('{"headers": {"x": 1, "x": 3}}');
    expect(withHeader('{"headers": {"\\u0078": 1}}', "x", "3")).toBe('{"headers": {"\\u0078": 3}}');
    expect(withHeader('{"headers": {"x": 1}, "headers": {}}', "x", "3")).toBe('{"headers": {"x": 1}, "headers": {"x": 3}}');
  });

  it("keeps bytes that are no UTF-8", () => {
    const raw = Buffer.concat([Buffer.from('{"body": "'), Buffer.from([0xff, 0xc0, 0x80]), Buffer.from('", "headers": {}}')]);
    const spliced = Buffer.from(withHeader(raw.toString("latin1"), "x", "1") as string, "latin1");
    expect(spliced).toEqual(Buffer.concat([raw.subarray(0, -2), Buffer.from('"x": 1}}')]));
  });

  it("copes with any depth", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    expect(withHeader(`{"body": ${deep}, "headers": {"deep": ${deep}}}`, "x", "1")).toContain('{"x": 1, "deep"');
  });

  it.each([
    ["", "nothing"],
    ["[]", "a list"],
    ["{}", "no headers"],
    ['{"headers": null}', "null headers"],
    ['{"headers": []}', "headers that are a list"],
    ['{"headers": {"a" 1}}', "a missing colon"],
    ['{"headers": {"a": }}', "a missing value"],
    ['{"headers": {"a": 1]}', "a wrong bracket"],
    ['{"headers": {"a": "1}}', "an open string"],
    ['{"headers": {}} {}', "more behind it"],
    ['{"headers": {}', "no end"],
  ])("is refused by %s (%s)", (raw) => {
    expect(withHeader(raw, "x", "1")).toBeNull();
  });

  it("never throws, whatever it is given", () => {
    const pieces = fc.array(fc.constantFrom("{", "}", "[", "]", '"', "\\", ":", ",", "headers", '"headers"', "1", " ", "null"), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(pieces, (given) => {
        const raw = given.join("");
        withHeader(raw, "x", "1");
        expect(headerCount(raw, "x")).toBe(0);
      }),
    );
  });
});

describe("a count in raw JSON", () => {
  it.each([
    ['{"headers": {"n": 3}}', 3],
    ['{"headers": {"n":4 }}', 4],
    ['{"headers": {"n": -1}}', 0],
    ['{"headers": {"n": 1.5}}', 0],
    ['{"headers": {"n": "3"}}', 0],
    ['{"headers": {"n": null}}', 0],
    ['{"headers": {"m": {"n": 3}}}', 0],
    ['{"n": 3, "headers": {}}', 0],
  ])("of %s is %d", (raw, count) => {
    expect(headerCount(raw, "n")).toBe(count);
  });
});

describe("bare words", () => {
  it("become null outside of strings only", () => {
    expect(withoutBareWords('{"NaN": NaN, "a\\"": [-Infinity, "Infinity", Infinity], "b": "\\\\", "c": NaN}')).toBe(
      '{"NaN": null, "a\\"": [null, "Infinity", null], "b": "\\\\", "c": null}',
    );
  });
});
