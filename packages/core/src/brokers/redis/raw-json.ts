/**
 * Changes one header in a message's raw JSON and nothing else, by scanning instead of parsing: parse and stringify would
 * round big numbers, drop NaN and lose the producer's spelling. Texts are bytes read as latin1, so every byte survives;
 * all of JSON's own signs are ASCII.
 */

/** Where the value of a member lies: `end` is behind its last character. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** An object: where its `{` is, whether it has members, and where the value of the wanted member lies, if it has it. */
interface ObjectSpan extends Span {
  readonly isEmpty: boolean;
  readonly value: Span | null;
}

/** The text with header `name` set to the JSON text `value` (ASCII), or null when it is no JSON object with an object "headers". */
export function withHeader(raw: string, name: string, value: string): string | null {
  const envelope = objectAt(raw, skipSpace(raw, 0), "headers");
  if (envelope?.value == null || skipSpace(raw, envelope.end) !== raw.length) return null;
  const headers = objectAt(raw, envelope.value.start, name);
  if (headers === null) return null;
  if (headers.value !== null) return raw.slice(0, headers.value.start) + value + raw.slice(headers.value.end);
  const at = headers.start + 1;
  return `${raw.slice(0, at)}${JSON.stringify(name)}: ${value}${headers.isEmpty ? "" : ", "}${raw.slice(at)}`;
}

/** The number that header `name` has, or 0: for counts, which are never anything else. */
export function headerCount(raw: string, name: string): number {
  const span = objectAt(raw, skipSpace(raw, 0), "headers")?.value;
  const value = span == null ? null : objectAt(raw, span.start, name)?.value;
  const count = value == null ? 0 : Number(raw.slice(value.start, value.end));
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** Python's bare words NaN, Infinity and -Infinity replaced by null, for a look at the rest. */
export function withoutBareWords(text: string): string {
  let clean = "";
  for (let at = 0; ; ) {
    const quote = text.indexOf('"', at);
    clean += text.slice(at, quote < 0 ? text.length : quote).replace(/-?\b(?:NaN|Infinity)\b/g, "null");
    if (quote < 0) return clean;
    const end = stringEnd(text, quote);
    if (end < 0) return text;
    clean += text.slice(quote, end);
    at = end;
  }
}

/** The object that begins at `start`; of several members named `wanted` the last counts, as readers do. null when it is none. */
function objectAt(text: string, start: number, wanted: string): ObjectSpan | null {
  if (text[start] !== "{") return null;
  let at = skipSpace(text, start + 1);
  if (text[at] === "}") return { start, end: at + 1, isEmpty: true, value: null };
  let value: Span | null = null;
  for (;;) {
    const keyEnd = stringEnd(text, at);
    const colon = keyEnd < 0 ? -1 : skipSpace(text, keyEnd);
    if (colon < 0 || text[colon] !== ":") return null;
    const valueStart = skipSpace(text, colon + 1);
    const valueEnd = endOfValue(text, valueStart);
    if (valueEnd < 0) return null;
    if (isKey(text, { start: at, end: keyEnd }, wanted)) value = { start: valueStart, end: valueEnd };
    at = skipSpace(text, valueEnd);
    if (text[at] === "}") return { start, end: at + 1, isEmpty: false, value };
    if (text[at] !== ",") return null;
    at = skipSpace(text, at + 1);
  }
}

function isKey(text: string, { start, end }: Span, wanted: string): boolean {
  const key = text.slice(start + 1, end - 1);
  if (!key.includes("\\")) return key === wanted;
  try {
    return JSON.parse(`"${key}"`) === wanted;
  } catch {
    return false;
  }
}

/** Behind the value that begins at `start`, or -1. */
function endOfValue(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return stringEnd(text, start);
  if (first === "{" || first === "[") return nestedEnd(text, start);
  let at = start;
  while (at < text.length && /[-+.\w]/.test(text[at] as string)) at++;
  return at === start ? -1 : at;
}

/** Behind the object or array that begins at `start`, whatever is in it, or -1. Not recursive: depth is the sender's choice. */
function nestedEnd(text: string, start: number): number {
  const open: string[] = [];
  for (let at = start; at < text.length; ) {
    const sign = text[at];
    if (sign === '"') {
      at = stringEnd(text, at);
      if (at < 0) return -1;
      continue;
    }
    if (sign === "{") open.push("}");
    else if (sign === "[") open.push("]");
    else if ((sign === "}" || sign === "]") && open.pop() !== sign) return -1;
    at++;
    if (open.length === 0) return at;
  }
  return -1;
}

/** Behind the string that begins at `start`, or -1 when there is none. */
function stringEnd(text: string, start: number): number {
  if (text[start] !== '"') return -1;
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return -1;
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  return at;
}
