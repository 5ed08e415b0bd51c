/** Arguments and results as JSON: what cannot travel is refused with its path, before anything is sent. */
import { BrokerError, CeleriacError, PublishError, reasonOf } from "./errors.ts";

export const jsonContentType = "application/json";

/**
 * JSON text of `value`; `name` begins the path in errors. Throws PUBLISH_ENCODE for what JSON would drop or distort.
 * undefined is written as null, and left out of objects.
 */
export function encodeJson(value: unknown, name: string): string {
  return encoding(name, () => {
    checkEncodable(value, name, null);
    return JSON.stringify(value) ?? "null";
  });
}

/** Throws what `encodeJson` would. */
export function checkJson(value: unknown, name: string): void {
  encoding(name, () => checkEncodable(value, name, null));
}

/** A getter or toJSON of the caller's may throw anything, and depths of thousands end the stack. */
function encoding<T>(name: string, encode: () => T): T {
  try {
    return encode();
  } catch (error) {
    if (PublishError.is(error)) throw error;
    throw cannotWrite(name, error);
  }
}

interface Ancestors {
  readonly value: object;
  readonly above: Ancestors | null;
}

function checkEncodable(value: unknown, path: string, above: Ancestors | null): void {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return;
    case "number":
      if (!Number.isFinite(value)) throw refuse(path, String(value));
      return;
    case "object":
      if (value !== null) checkObject(value, path, above);
      return;
    default:
      throw refuse(path, `a ${typeof value}`);
  }
}

function checkObject(value: object, path: string, above: Ancestors | null): void {
  for (let ancestor = above; ancestor !== null; ancestor = ancestor.above) {
    if (ancestor.value === value) throw refuse(path, "a cycle");
  }
  const here = { value, above };
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) checkEncodable(value[i], `${path}[${i}]`, here);
    return;
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refuse(path, "an invalid Date");
    return;
  }
  const foreign = foreignKind(value);
  if (foreign !== null) throw refuse(path, foreign);
  if ("toJSON" in value && typeof value.toJSON === "function") {
    checkEncodable(formOf(value as { toJSON(): unknown }, path), path, here);
    return;
  }
  const keys = Object.keys(value);
  if (keys.length === 0 && !isPlain(value)) throw refuse(path, `${kindOf(value)} without members of its own`);
  for (const key of keys) checkEncodable(member(value as Record<string, unknown>, key, path), `${path}.${key}`, here);
}

/** A getter and a toJSON() are the caller's code, which may throw anything. */
function member(value: Readonly<Record<string, unknown>>, key: string, path: string): unknown {
  try {
    return value[key];
  } catch (error) {
    throw cannotWrite(`${path}.${key}`, error);
  }
}

function formOf(value: { toJSON(): unknown }, path: string): unknown {
  try {
    return value.toJSON();
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): PublishError {
  return new PublishError("PUBLISH_ENCODE", `${path} cannot be written as JSON: ${reasonOf(error)}`, { cause: error });
}

/** An object as a literal makes it, of whichever realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** "a Headers" */
function kindOf(value: object): string {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const { name } = value.constructor as { readonly name?: unknown };
  const kind = tag === "Object" && typeof name === "string" && name !== "" ? name : tag;
  return /^[AEIO]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}

/** Kinds that JSON would silently empty. */
function foreignKind(value: object): string | null {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === "AsyncResult") return "an AsyncResult (send its id)";
  if (isPlain(value)) return null;
  if (value instanceof Error) return "an Error";
  if (ArrayBuffer.isView(value)) return `a ${tag}`;
  return ["Map", "Set", "WeakMap", "WeakSet", "Promise", "RegExp", "ArrayBuffer"].includes(tag) ? `a ${tag}` : null;
}

function refuse(path: string, what: string): PublishError {
  return new PublishError("PUBLISH_ENCODE", `${path} is ${what}, which JSON cannot carry`);
}

/** JSON as Python writes it: NaN, Infinity and -Infinity may stand as bare words. Throws SyntaxError. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    return JSON.parse(withoutBareWords(text), (_key, value: unknown) => (value === notANumber ? Number.NaN : value));
  }
}

/** Stands for NaN on its way through JSON.parse: a text that nobody writes. */
const notANumber = "\u0000NaN\u0000";

function withoutBareWords(text: string): string {
  let strict = "";
  for (let from = 0; from < text.length; ) {
    const quote = text.indexOf('"', from);
    const between = text.slice(from, quote < 0 ? text.length : quote);
    strict += between.replaceAll("Infinity", "1e999").replaceAll("NaN", JSON.stringify(notANumber));
    if (quote < 0) break;
    from = endOfText(text, quote);
    strict += text.slice(quote, from);
  }
  return strict;
}

/** Where the text that begins with a quote at `start` is over. */
function endOfText(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const refusedTypes: ReadonlySet<string> = new Set(["application/x-python-serialize", "application/x-pickle"]);

/** The value in `bytes`. Throws CONTENT_REFUSED for any content type but JSON (pickle always), MESSAGE_UNDECODABLE for what is no JSON. */
export function decodeContent(bytes: Uint8Array, contentType: string): unknown {
  if (contentType !== jsonContentType) {
    const why = refusedTypes.has(contentType) ? "pickle is never read" : "only application/json is read";
    throw new BrokerError("CONTENT_REFUSED", `Content type ${JSON.stringify(contentType)} refused: ${why}`);
  }
  try {
    return parseJson(utf8.decode(bytes));
  } catch (cause) {
    throw new CeleriacError("MESSAGE_UNDECODABLE", `Body is not JSON: ${(cause as Error).message}`, { cause });
  }
}
