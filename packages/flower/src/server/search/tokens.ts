/** The text of a search → its words, by the rules of Flower 2.1; `-` before a word or a bracket excludes. */

export interface SearchToken {
  readonly kind: "word" | "AND" | "OR" | "(" | ")" | "-" | "end";
  readonly text: string;
  /** counted in characters, from 0 */
  readonly position: number;
}

/** A search that cannot be read: the sentence that Flower's users know. */
export class SearchProblem extends Error {
  constructor(problem: string, position: number | null = null) {
    super(position === null ? `${problem}.` : `${problem} at position ${position}.`);
    this.name = "SearchProblem";
  }
}

const mostTokens = 128;
const space = /\s/u;

/** Throws SearchProblem. */
export function tokensOf(search: string): readonly SearchToken[] {
  const signs = Array.from(search);
  const tokens: SearchToken[] = [];
  const add = (kind: SearchToken["kind"], text: string, position: number) => {
    tokens.push({ kind, text, position });
    if (tokens.length > mostTokens) throw new SearchProblem(`Query exceeds ${mostTokens} tokens`);
  };
  let at = 0;
  while (at < signs.length) {
    const sign = signs[at]!;
    if (space.test(sign)) at += 1;
    else if (sign === "(" || sign === ")") {
      add(sign, sign, at);
      at += 1;
    } else if (sign === "-" && signs[at + 1] !== undefined && !/[\s)-]/u.test(signs[at + 1]!)) {
      add("-", sign, at);
      at += 1;
    } else {
      const word = wordAt(signs, at);
      add(word.kind, word.text, at);
      at = word.end;
    }
  }
  tokens.push({ kind: "end", text: "", position: signs.length });
  return tokens;
}

function wordAt(signs: readonly string[], from: number) {
  let text = "";
  let isQuoted = false;
  let inQuote = false;
  let at = from;
  for (; at < signs.length; at += 1) {
    const sign = signs[at]!;
    const next = signs[at + 1];
    if (sign === "\\" && (next === '"' || next === "\\")) {
      text += next;
      at += 1;
    } else if (sign === '"') {
      isQuoted = true;
      inQuote = !inQuote;
    } else if (!inQuote && (space.test(sign) || sign === "(" || sign === ")")) break;
    else text += sign;
  }
  if (inQuote) throw new SearchProblem("Unterminated quoted phrase", from);
  if (text === "") throw new SearchProblem("Empty search term", from);
  if (!isQuoted && text === "NOT") throw new SearchProblem("NOT is not supported", from);
  const kind: SearchToken["kind"] = !isQuoted && (text === "AND" || text === "OR") ? text : "word";
  return { kind, text, end: at };
}
