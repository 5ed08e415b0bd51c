/**
 * Takes secrets out of what is heard before anything of it is stored: texts of events are Python's repr, or JSON, often cut off in the middle. Asked by
 * the history for each event, and by whoever shows a worker's settings.
 */
import { isSecretKey, mayNameSecret, redactText, stars } from "@celeriac/core/runtime";

/** Pure: gives the same for the same, and takes what it gave. */
export interface Redactor {
  /** Arguments, a result, an error or a traceback, as text. */
  text(text: string): string;
  /** A value of settings or statistics, with all that is in it, to a depth of 16. */
  value(value: unknown): unknown;
}

const deepest = 16;

/** `names`: more keys that are secrets, in any case; `*` stands for any signs (`redact`). */
export function createRedactor(names: readonly string[] = []): Redactor {
  const more = names.map(patternOf);
  const isSecret = (key: string) => isSecretKey(key) || more.some((pattern) => pattern.test(key));
  // Nearly every text names none, and a text that does is read sign by sign.
  const mayHold = (from: string) => more.length > 0 || mayNameSecret(from);
  const text = (from: string) => redactText(mayHold(from) ? withoutSecrets(from, isSecret) : from);
  const value = (from: unknown, depth: number): unknown => {
    if (typeof from === "string") return text(from);
    if (typeof from !== "object" || from === null) return from;
    if (depth >= deepest) return "[deep]";
    if (Array.isArray(from)) return from.map((each) => value(each, depth + 1));
    return Object.fromEntries(
      Object.entries(from).map(([key, each]) => [key, isSecret(key) && each !== null ? stars : value(each, depth + 1)]),
    );
  };
  return { text, value: (from) => value(from, 0) };
}

function patternOf(name: string): RegExp {
  const parts = name.split(/\*+/).map((part) => part.replace(/[$()+.?[\\\]^{|}]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "is");
}

/**
 * What may be a key, and how its value follows: quoted before a colon ('a': 1, and within a text within a text, \"a\": 1), quoted as the first of a pair
 * (('a', 1)), or a bare word before = (a=1), or before a colon and a space, as headers are written (a: 1).
 */
const keyBefore = /(\\{0,8}["'])([^"'\\\r\n]{1,128})\1\s{0,8}(?::|=>|(,))\s{0,8}|(?<![\w.-])([A-Za-z_][\w.-]{0,127})(?:=(?!=)|:\s)\s{0,8}/g;

function withoutSecrets(text: string, isSecret: (key: string) => boolean): string {
  let clean = "";
  let done = 0;
  keyBefore.lastIndex = 0;
  for (let found = keyBefore.exec(text); found !== null; found = keyBefore.exec(text)) {
    const [whole, quote, quoted, comma, bare] = found;
    const from = found.index + whole.length;
    if (!isSecret(quoted ?? bare!)) {
      // The word after it may be the next key.
      keyBefore.lastIndex = comma === undefined ? from : found.index + quote!.length;
      continue;
    }
    const isHeader = bare !== undefined && whole.trimEnd().endsWith(":");
    const to = isHeader ? endOfLineValue(text, from) : endOfValue(text, from, comma === undefined ? text.length : from + longestOfPair);
    const isValue = comma === undefined || isPair(text, found.index, from, to);
    if (isValue && to > from) {
      clean += text.slice(done, from) + starsFor(text.slice(from, to), quote);
      done = to;
    }
    keyBefore.lastIndex = isValue ? Math.max(to, from) : from;
  }
  return done === 0 ? text : clean + text.slice(done);
}

/** Pairs in pairs in pairs would else be read over and over to the end. */
const longestOfPair = 2_048;

/** Nothing else is in the brackets, as far as can be seen. */
function isPair(text: string, keyAt: number, from: number, to: number): boolean {
  const opens = /[([]\s*$/.test(text.slice(Math.max(0, keyAt - 8), keyAt));
  return opens && (to === from + longestOfPair || /^\s*(?:[)\]]|$)/.test(text.slice(to, to + 8)));
}

/** What could be read as a value before is read as one after: a search for `kwargs:key=value` reads it. */
function starsFor(value: string, keyQuote: string | undefined): string {
  const quote = /^[bBuUrRfF]{0,2}(\\*["'])/.exec(value)?.[1] ?? keyQuote ?? "";
  return `${quote}${stars}${quote}`;
}

const opening = "([{<";
const closing = ")]}>";

/** Where the value ends that begins at `at`: a text, something in brackets, a call, or a word; the end of the whole where it was cut off. */
function endOfValue(text: string, at: number, most = text.length): number {
  const last = Math.min(most, text.length);
  let depth = 0;
  for (let here = at; here < last; here++) {
    const sign = text[here]!;
    if (sign === '"' || sign === "'" || sign === "\\") {
      const end = endOfText(text, here, last);
      if (end === null) return depth === 0 && here > at ? here : last;
      here = end - 1;
      if (depth === 0) return end;
    } else if (opening.includes(sign)) depth++;
    else if (closing.includes(sign)) {
      if (depth === 0) return here;
      if (--depth === 0) return here + 1;
    } else if (depth === 0 && /[\s,;&]/.test(sign)) return here;
  }
  return last;
}

/** Of `Authorization: Bearer abc`: to the end of its line, or of the text or brackets it is in. */
function endOfLineValue(text: string, at: number): number {
  const first = text[at];
  if (first === '"' || first === "'" || first === "{" || first === "[" || first === "(") return endOfValue(text, at);
  const found = /[\r\n"',;)\]}\\]/g;
  found.lastIndex = at;
  return found.exec(text)?.index ?? text.length;
}

/** Behind the quote that ends what the one at `at` opens, with as many backslashes before it; null: it is none, or never ends. */
function endOfText(text: string, at: number, last: number): number | null {
  let quoteAt = at;
  while (text[quoteAt] === "\\") quoteAt++;
  const quote = text[quoteAt];
  if (quote !== '"' && quote !== "'") return null;
  const before = quoteAt - at;
  let run = 0;
  for (let here = quoteAt + 1; here < last; here++) {
    if (text[here] === "\\") run++;
    else {
      // A text within n texts ends with n backslashes before its quote; each that is meant itself doubles.
      if (text[here] === quote && run % (2 * (before + 1)) === before) return here + 1;
      run = 0;
    }
  }
  return null;
}
