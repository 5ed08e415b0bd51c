/** JSON as Python writes it: NaN, Infinity and -Infinity may stand as bare words, integers may have any number of digits. */
import { randomUUID } from "node:crypto";
import { hasTooManyDigits, longestIntegerDigits } from "./encodable.ts";

const bareWords = /NaN|Infinity/;
const longIntegers = /(?<![\d.eE+-])-?[1-9]\d{15,}(?![\d.eE])/g;

/** Integers beyond ±(2^53 - 1) are bigints. Throws SyntaxError. */
export function parseTolerant(text: string): unknown {
  if (hasManyDigits(text)) return parseMarked(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!bareWords.test(text)) throw error;
    return parseMarked(text);
  }
}

/** Fewer digits are exact in a double. */
const manyDigits = 16;

/** Are there so many in a row? As many cover one of every so many signs: it need not look at the others. */
function hasManyDigits(text: string): boolean {
  for (let at = manyDigits - 1; at < text.length; at += manyDigits) {
    if (!isDigit(text, at)) continue;
    let start = at;
    while (isDigit(text, start - 1)) start--;
    let end = at + 1;
    while (isDigit(text, end)) end++;
    if (end - start >= manyDigits) return true;
  }
  return false;
}

function isDigit(text: string, at: number): boolean {
  const sign = text.charCodeAt(at);
  return sign >= 0x30 && sign <= 0x39;
}

/** What JSON.parse cannot say goes through it as a text, marked with what no sender can have known. */
function parseMarked(text: string): unknown {
  const mark = randomUUID();
  let isMarked = false;
  const marked = (token: string) => {
    isMarked = true;
    return `"${mark}${token}"`;
  };
  const strict = outsideTexts(text, (part) =>
    part
      .replaceAll("Infinity", "1e999")
      .replaceAll("NaN", () => marked("NaN"))
      .replace(longIntegers, (digits) => (Number.isSafeInteger(Number(digits)) ? digits : marked(bounded(digits)))),
  );
  if (!isMarked) return JSON.parse(strict);
  return JSON.parse(strict, (_name, value: unknown) => {
    if (typeof value !== "string" || !value.startsWith(mark)) return value;
    const token = value.slice(mark.length);
    return token === "NaN" ? Number.NaN : BigInt(token);
  });
}

function bounded(digits: string): string {
  if (hasTooManyDigits(digits)) throw new SyntaxError(`An integer of more than ${longestIntegerDigits} digits`);
  return digits;
}

/** `text` with `change` applied to what lies between its texts. */
function outsideTexts(text: string, change: (part: string) => string): string {
  let changed = "";
  for (let from = 0; from < text.length; ) {
    const quote = text.indexOf('"', from);
    changed += change(text.slice(from, quote < 0 ? text.length : quote));
    if (quote < 0) break;
    from = endOfText(text, quote);
    changed += text.slice(quote, from);
  }
  return changed;
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
