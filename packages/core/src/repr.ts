/** Arguments as Python's repr, cut to 1,024 characters: what monitors, logs and events of a mixed fleet show. Never parsed by anyone. */

import { isSecretKey, stars } from "./redact.ts";
import { isBytes } from "./serializers/encodable.ts";

const longest = 1_024;

/** A tuple, as Celery's `argsrepr`. */
export function reprArgs(args: readonly unknown[]): string {
  if (args.length === 0) return "()";
  return cut(args.length === 1 ? `(${repr(args[0], longest)},)` : `(${reprItems(args, longest)})`);
}

/** A dict, as Celery's `kwargsrepr`; values whose key names a secret are stars. */
export function reprKwargs(kwargs: Readonly<Record<string, unknown>>): string {
  for (const _ in kwargs) return cut(repr(kwargs, longest));
  return "{}";
}

/** Any value, as Celery's events show a result. */
export function reprValue(value: unknown): string {
  return cut(repr(value, longest));
}

/** An exception, as Celery's events show one: its type, called with its arguments. */
export function reprException({ type, args }: { readonly type: string; readonly args: readonly unknown[] }): string {
  return cut(`${type}(${reprItems(args, longest)})`);
}

function cut(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 3).replace(/[\ud800-\udbff]$/, "")}...`;
}

/** `room` is how many characters can still be shown: what lies beyond is not written out. */
function repr(value: unknown, room: number): string {
  switch (typeof value) {
    case "string":
      return reprText(value.length > room ? value.slice(0, Math.max(0, room)) : value);
    case "number":
      return reprNumber(value);
    case "bigint":
      return String(value);
    case "boolean":
      return value ? "True" : "False";
    case "object":
      return value === null ? "None" : reprObject(value, room - 1);
    default:
      return "None";
  }
}

function reprObject(value: object, room: number): string {
  if (Array.isArray(value)) return `[${reprItems(value, room)}]`;
  if (isBytes(value)) return reprBytes(value.subarray(0, Math.max(0, room)));
  if ("toJSON" in value && typeof value.toJSON === "function") return repr(value.toJSON(), room);
  return `{${reprEntries(value, room)}}`;
}

/** As Python shows what it reads from the JSON that we write for it. */
function reprNumber(value: number): string {
  const size = Math.abs(value);
  if (size > Number.MAX_SAFE_INTEGER) return size < 1e16 ? `${value}.0` : value.toExponential();
  const isTiny = value !== 0 && size < 1e-4;
  return isTiny ? value.toExponential().replace(/-(\d)$/, "-0$1") : String(value);
}

function reprItems(items: readonly unknown[], room: number): string {
  let text = "";
  for (const item of items) {
    if (text.length > room) break;
    text += `${text === "" ? "" : ", "}${repr(item, room - text.length)}`;
  }
  return text;
}

function reprEntries(object: object, room: number): string {
  let text = "";
  for (const [key, item] of Object.entries(object)) {
    if (text.length > room) break;
    if (item === undefined) continue;
    const shown = isSecretKey(key) ? reprText(stars) : repr(item, room - text.length);
    text += `${text === "" ? "" : ", "}${reprText(key)}: ${shown}`;
  }
  return text;
}

function reprBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  return `b${reprText(text).replace(/[\x80-\xff]/g, (sign) => codePointEscape(sign.charCodeAt(0)))}`;
}

/** What Python does not print as it is: controls, formats, lone surrogates, unassigned code points, and spaces but the plain one. */
const special = /[\\\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(special, (sign) => escapes[sign] ?? codePointEscape(sign.codePointAt(0)!));
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`;
}

function codePointEscape(code: number): string {
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
