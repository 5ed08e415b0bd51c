/** Arguments as Python's repr, cut to 1,024 characters: what monitors, logs and events of a mixed fleet show. Never parsed by anyone. */
import { isSecretKey, stars } from "./redact.ts";

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

function cut(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 3)}...`;
}

/** `room` is how many characters can still be shown: what lies beyond is not written out. */
function repr(value: unknown, room: number): string {
  switch (typeof value) {
    case "string":
      return reprText(value.length > room ? value.slice(0, Math.max(0, room)) : value);
    case "number":
      return String(value);
    case "boolean":
      return value ? "True" : "False";
    case "object":
      if (value === null) return "None";
      if (Array.isArray(value)) return `[${reprItems(value, room)}]`;
      if (value instanceof Date) return reprText(value.toISOString());
      return `{${reprEntries(value, room)}}`;
    default:
      return "None";
  }
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
    const shown = isSecretKey(key) ? reprText(stars) : repr(item, room - text.length);
    text += `${text === "" ? "" : ", "}${reprText(key)}: ${shown}`;
  }
  return text;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: Python escapes control characters
const special = /[\\\x00-\x1f\x7f]/g;
const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(special, (sign) => escapes[sign] ?? `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`;
}
