/**
 * JSON as kombu writes and reads it. Ordinary values go through JSON.stringify and JSON.parse and nothing else; what these cannot say
 * (bytes, integers beyond 2^53, Python's NaN, typed values) takes the long way.
 */
import type { Content, Serializer } from "../serializer.ts";
import { checkEncodable, type Format, guarded, isBytes, type Plain, plainForm, tooManyDigits } from "./encodable.ts";
import { parseTolerant } from "./json-dialect.ts";
import { asTyped, typedMark, untyped } from "./typed-value.ts";

export const jsonContentType = "application/json";

const json: Format = { name: "JSON", bigint: tooManyDigits, bytes: true, nonFinite: false };
const utf8 = new TextDecoder("utf-8", { fatal: true });
const header: Format = { name: "a header", bigint: () => "a bigint", bytes: false, nonFinite: false };

/**
 * JSON text of `value`; `name` begins the path in errors. Throws PUBLISH_ENCODE for what JSON would drop or distort.
 * undefined is written as null, and left out of objects; a Date as ISO-8601 text, a bigint in digits, a number beyond 2^53 as the float
 * that it is (so that it comes back as a number, not as an integer of unlimited size), bytes as kombu's typed base64.
 */
export function encodeJson(value: unknown, name: string): string {
  return guarded(name, json, () => {
    return checkEncodable(value, name, json) ? (JSON.stringify(value) ?? "null") : jsonText(plainForm(value));
  });
}

/** Throws PUBLISH_ENCODE for custom headers that a broker could not carry: what JSON itself has no words for. */
export function checkHeaders(headers: Readonly<Record<string, unknown>>): void {
  checkEncodable(headers, "headers", header);
}

/** JSON text in which bigints have all their digits and no other number looks like one; NaN and the infinities are bare words, as Python writes them. */
export function jsonText(value: Plain): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isBytes(value)) return JSON.stringify(asTyped(value));
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  return `{${Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`)}}`;
}

/** `meant` and this throw SyntaxError. */
export function readJson(text: string): Content {
  return { value: parseTolerant(text), meant: text.includes(typedMark) ? (part) => untyped(part) : null };
}

export const jsonSerializer: Serializer = {
  name: "json",
  contentType: jsonContentType,
  contentEncoding: "utf-8",
  format: json,
  write: (value) => Buffer.from(jsonText(value)),
  read: (bytes) => readJson(utf8.decode(bytes)),
};
