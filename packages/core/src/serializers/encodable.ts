/** What can travel as an argument or a result, and the plain form in which it does: stands before every serializer. */
import { PublishError, reasonOf } from "../errors.ts";

/** A form of writing, and what it has words for beyond JSON's own. */
export interface Format {
  /** as errors call it: "JSON" */
  readonly name: string;
  /** null: any whole number; else how it refuses one that is too large */
  readonly bigint: (value: bigint) => string | null;
  readonly bytes: boolean;
  /** NaN and the infinities */
  readonly nonFinite: boolean;
}

/** Python reads no longer integers than this from a text (CVE-2020-10735), nor do we. */
export const longestIntegerDigits = 4_300;

export function hasTooManyDigits(integer: string): boolean {
  return integer.length - (integer.startsWith("-") ? 1 : 0) > longestIntegerDigits;
}

/** Why an integer of unlimited size cannot be written in digits; null when it can. */
export function tooManyDigits(value: bigint): string | null {
  return hasTooManyDigits(String(value)) ? `a bigint of more than ${longestIntegerDigits} digits` : null;
}

/**
 * Throws PUBLISH_ENCODE with the path of what `format` would drop or distort; `name` begins the path.
 * true: JSON.stringify writes it as it is meant; false: it holds a bigint, a number beyond 2^53 or bytes, which want `plainForm`.
 */
export function checkEncodable(value: unknown, name: string, format: Format): boolean {
  return guarded(name, format, () => isPlainJson(value, name, null, format));
}

/** A getter or toJSON of the caller's may throw anything, and depths of thousands end the stack. */
export function guarded<T>(name: string, format: Format, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (PublishError.is(error)) throw error;
    throw cannotWrite(name, format, error);
  }
}

interface Ancestors {
  readonly value: object;
  readonly above: Ancestors | null;
}

function isPlainJson(value: unknown, path: string, above: Ancestors | null, format: Format): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return true;
    case "number":
      return (value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER) || refuseNonFinite(value, path, format);
    case "object":
      return value === null || isPlainObject(value, path, above, format);
    case "bigint": {
      const refusal = format.bigint(value);
      if (refusal !== null) throw refuse(path, refusal, format);
      return false;
    }
    default:
      throw refuse(path, `a ${typeof value}`, format);
  }
}

function refuseNonFinite(value: number, path: string, format: Format): boolean {
  if (!Number.isFinite(value) && !format.nonFinite) throw refuse(path, String(value), format);
  return false;
}

function isPlainObject(value: object, path: string, above: Ancestors | null, format: Format): boolean {
  for (let ancestor = above; ancestor !== null; ancestor = ancestor.above) {
    if (ancestor.value === value) throw refuse(path, "a cycle", format);
  }
  const here = { value, above };
  let isPlain = true;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) isPlain = isPlainJson(value[i], `${path}[${i}]`, here, format) && isPlain;
    return isPlain;
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refuse(path, "an invalid Date", format);
    return true;
  }
  const foreign = foreignKind(value);
  if (foreign !== null) {
    if (foreign === bytesKind && format.bytes) return false;
    throw refuse(path, foreign, format);
  }
  if ("toJSON" in value && typeof value.toJSON === "function")
    return isPlainJson(formOf(value as { toJSON(): unknown }, path, format), path, here, format);
  const keys = Object.keys(value);
  if (keys.length === 0 && !isLiteral(value)) throw refuse(path, `${kindOf(value)} without members of its own`, format);
  for (const key of keys) {
    const member = memberOf(value as Record<string, unknown>, key, path, format);
    isPlain = isPlainJson(member, `${path}.${key}`, here, format) && isPlain;
  }
  return isPlain;
}

/** A getter and a toJSON() are the caller's code, which may throw anything. */
function memberOf(value: Readonly<Record<string, unknown>>, key: string, path: string, format: Format): unknown {
  try {
    return value[key];
  } catch (error) {
    throw cannotWrite(`${path}.${key}`, format, error);
  }
}

function formOf(value: { toJSON(): unknown }, path: string, format: Format): unknown {
  try {
    return value.toJSON();
  } catch (error) {
    throw cannotWrite(path, format, error);
  }
}

function cannotWrite(path: string, format: Format, error: unknown): PublishError {
  return new PublishError("PUBLISH_ENCODE", `${path} cannot be written as ${format.name}: ${reasonOf(error)}`, { cause: error });
}

function refuse(path: string, what: string, format: Format): PublishError {
  return new PublishError("PUBLISH_ENCODE", `${path} is ${what}, which ${format.name} cannot carry`);
}

/** An object as a literal makes it, of whichever realm. */
function isLiteral(value: object): boolean {
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

const bytesKind = "a Uint8Array";

/** Kinds that JSON would silently empty. */
function foreignKind(value: object): string | null {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === "AsyncResult") return "an AsyncResult (send its id)";
  if (tag === "GroupResult") return "a GroupResult (send its id)";
  if (isLiteral(value)) return null;
  if (value instanceof Error) return "an Error";
  if (ArrayBuffer.isView(value)) return `a ${tag}`;
  return ["Map", "Set", "WeakMap", "WeakSet", "Promise", "RegExp", "ArrayBuffer"].includes(tag) ? `a ${tag}` : null;
}

/** Uint8Array, Node's Buffer included, of any realm. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]";
}

/** What is left when everything has taken its written form: Dates are ISO texts, what has a toJSON() is what that gives, undefined is null. */
export type Plain = null | boolean | number | string | bigint | Uint8Array | readonly Plain[] | { readonly [name: string]: Plain };

/** Lists and objects in each other: Python's readers go no deeper. */
export const deepestNesting = 1_000;

/** For what `checkEncodable` let pass. Throws RangeError for what is nested deeper than `deepestNesting`. */
export function plainForm(value: unknown, depth = 0): Plain {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "number":
    case "bigint":
      return value;
    case "object":
      return value === null ? null : plainObject(value, depth + 1);
    default:
      return null;
  }
}

function plainObject(value: object, depth: number): Plain {
  if (depth > deepestNesting) throw new RangeError(`it is nested deeper than ${deepestNesting}`);
  if (isBytes(value)) return value;
  if (Array.isArray(value)) return Array.from(value, (member) => plainForm(member, depth));
  if ("toJSON" in value && typeof value.toJSON === "function") return plainForm(value.toJSON(), depth);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, plainForm(member, depth)]));
}
