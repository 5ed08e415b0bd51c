/**
 * The patterns that kombu keeps of topic exchanges: regular expressions of one shape. They are written to the byte as kombu writes them, and
 * read back into places, never run: whoever may write into Redis could else stop every producer with one that does not end.
 */
import { gap, type Place } from "../../wildcards.ts";

/** To the byte as kombu makes it, for the same binding of both sides must be one member. `*` also takes several words, and `.#` at least an empty one. */
export function topicPattern(routingKey: string): string {
  const escaped = Array.from(routingKey, (sign) => (/^[\p{L}\p{N}.#*]$/u.test(sign) ? sign : sign === "\0" ? "\\000" : `\\${sign}`));
  const wildcards: Readonly<Record<string, string>> = { "*": ".*?[^\\.]", "#": ".*?" };
  const words = escaped.join("").split(".");
  return `^${words.map((word) => wildcards[word] ?? word).join("\\.")}$`;
}

/** A wildcard, an escaped sign, or one that needs none. */
const token = /\.\*\?(\[\^\\\.\])?|\\(000|[^0-9A-Za-z])|([^\\^$.|?*+()[\]{}])/gsy;
const noDot = (sign: string) => sign !== ".";

/** What a pattern asks of the signs of a routing key; null: it is none that kombu makes. */
export function readTopicPattern(pattern: string): readonly Place[] | null {
  if (!pattern.startsWith("^") || !pattern.endsWith("$")) return null;
  const inner = pattern.slice(1, -1);
  const places: Place[] = [];
  let end = 0;
  for (const [text, notEmpty, escaped, plain] of inner.matchAll(token)) {
    end += text.length;
    const sign = escaped ?? plain;
    if (sign !== undefined) places.push(sign === "000" ? "\0" : sign);
    else places.push(gap, ...(notEmpty === undefined ? [] : [noDot]));
  }
  return end === inner.length ? places : null;
}
