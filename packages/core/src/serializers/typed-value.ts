/**
 * kombu's typed values, `{"__type__": …, "__value__": …}`, which kombu 5.3 and later writes for what JSON has no words for and 5.2 leaves
 * as they are. Any object with exactly these two members is one; an unknown type is an error, as it is to kombu.
 *
 * | type | value on the wire | here |
 * | --- | --- | --- |
 * | datetime | ISO-8601, without offset UTC | Date, to the millisecond |
 * | date | YYYY-MM-DD | that text: a day is no instant |
 * | time | hh:mm:ss[.ffffff][offset] | that text |
 * | decimal | digits | that text, exact |
 * | uuid | `{"hex": 32 digits}` | text with dashes |
 * | bytes | UTF-8 text | Buffer |
 * | base64 | base64 | Buffer |
 */
import { parseInstant } from "../clock.ts";
import { deepestNesting } from "./encodable.ts";

/** Every text that holds typed values holds this, and hardly any other. */
export const typedMark = "__type__";

/** Bytes as kombu ≥ 5.3 writes those that are no UTF-8. */
export function asTyped(bytes: Uint8Array): object {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  return { __type__: "base64", __value__: base64 };
}

const readers: ReadonlyMap<unknown, (value: unknown) => unknown> = new Map<unknown, (value: unknown) => unknown>([
  ["datetime", dateOf],
  ["date", text],
  ["time", text],
  ["decimal", text],
  ["uuid", uuidOf],
  ["bytes", (value) => Buffer.from(text(value))],
  ["base64", (value) => Buffer.from(text(value), "base64")],
]);

/** `value` with its typed values replaced, the inner ones first. Changes lists and objects in place. Throws SyntaxError, and for great depth RangeError. */
export function untyped(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > deepestNesting) throw new RangeError(`it is nested deeper than ${deepestNesting}`);
  const members = value as Record<string, unknown>;
  const names = Object.keys(members);
  for (const name of names) {
    const member = members[name];
    const meant = untyped(member, depth + 1);
    if (meant !== member) members[name] = meant;
  }
  return isTyped(value, names) ? meaningOf(value) : value;
}

interface Typed {
  readonly __type__: unknown;
  readonly __value__: unknown;
}

function isTyped(value: object, names: readonly string[]): value is Typed {
  return names.length === 2 && names.includes("__type__") && names.includes("__value__") && !Array.isArray(value);
}

function meaningOf({ __type__: type, __value__: value }: Typed): unknown {
  const read = readers.get(type);
  if (read === undefined) throw new SyntaxError(`Unknown __type__ ${JSON.stringify(type)}`);
  return read(value);
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new SyntaxError(`A typed value is a text, got ${typeof value}`);
  return value;
}

function dateOf(value: unknown): Date {
  const epochMs = parseInstant(text(value));
  if (epochMs === null) throw new SyntaxError(`No ISO-8601 date: ${JSON.stringify(value)}`);
  return new Date(epochMs);
}

function uuidOf(value: unknown): string {
  const { hex } = (typeof value === "object" && value !== null ? value : {}) as { readonly hex?: unknown };
  const [, ...parts] = (typeof hex === "string" && /^(.{8})(.{4})(.{4})(.{4})(.{12})$/.exec(hex.replaceAll("-", ""))) || [];
  if (parts.length !== 5 || /[^0-9a-f]/i.test(parts.join(""))) throw new SyntaxError(`No UUID: ${JSON.stringify(value)}`);
  return parts.join("-").toLowerCase();
}
