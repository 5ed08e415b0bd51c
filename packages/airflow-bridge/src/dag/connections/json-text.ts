/** Reads JSON that may hold secrets: what is wrong with it is told by its place, and never by its words. */

export type ReadJson =
  | { readonly kind: "value"; readonly value: unknown }
  /** both from 1 */
  | { readonly kind: "broken"; readonly line: number; readonly column: number };

export function readJson(text: string): ReadJson {
  try {
    return { kind: "value", value: JSON.parse(text) as unknown };
  } catch {
    const before = text.slice(0, brokenAt(text)).split("\n");
    return { kind: "broken", line: before.length, column: before.at(-1)!.length + 1 };
  }
}

const space = /[ \t\r\n]*/y;
const string = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[\da-f]{4}))*"/iuy;
const word = /true\b|false\b|null\b|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?/iy;

/** Where the first token begins that does not fit. Node tells it of some errors only. */
function brokenAt(text: string): number {
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const isThere = pattern.test(text);
    if (isThere) at = pattern.lastIndex;
    return isThere;
  };
  const sign = (one: string): boolean => {
    take(space);
    if (text[at] === one) at++;
    else return false;
    return true;
  };
  const list = (close: string, item: () => boolean): boolean => {
    if (sign(close)) return true;
    do if (!item()) return false;
    while (sign(","));
    return sign(close);
  };
  const scalar = (pattern: RegExp): boolean => {
    take(space);
    return take(pattern);
  };
  const value = (): boolean => {
    if (sign("{")) return list("}", () => scalar(string) && sign(":") && value());
    if (sign("[")) return list("]", value);
    return scalar(string) || scalar(word);
  };
  if (value()) take(space);
  return at;
}
