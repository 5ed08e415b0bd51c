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
    throw new PublishError("PUBLISH_ENCODE", `${name} cannot be written as JSON: ${reasonOf(error)}`, { cause: error });
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
    checkEncodable(value.toJSON(), path, here);
    return;
  }
  for (const key of Object.keys(value)) checkEncodable((value as Record<string, unknown>)[key], `${path}.${key}`, here);
}

/** Kinds that JSON would silently empty. */
function foreignKind(value: object): string | null {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === "AsyncResult") return "an AsyncResult (send its id)";
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return null;
  if (value instanceof Error) return "an Error";
  if (ArrayBuffer.isView(value)) return `a ${tag}`;
  return ["Map", "Set", "WeakMap", "WeakSet", "Promise", "RegExp", "ArrayBuffer"].includes(tag) ? `a ${tag}` : null;
}

function refuse(path: string, what: string): PublishError {
  return new PublishError("PUBLISH_ENCODE", `${path} is ${what}, which JSON cannot carry`);
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
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new CeleriacError("MESSAGE_UNDECODABLE", `Body is not JSON: ${(cause as Error).message}`, { cause });
  }
}
