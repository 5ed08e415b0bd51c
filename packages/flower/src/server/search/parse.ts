/**
 * The text of a search → what it means. Flower 2.1's language: words and "phrases" side by side must all be found, AND, OR, brackets, and
 * `name: state: worker: args: kwargs: result:` before a word; beside it `queue: exception: uuid:`, and `-` before what must not be found.
 */
import { type SearchExpression, type SearchField, searchFields } from "./expression.ts";
import { SearchProblem, type SearchToken, tokensOf } from "./tokens.ts";

const longestSearch = 2_048;
const deepest = 5;
const shortestText = 3;

/** null: nothing is asked for, everything fits. Throws SearchProblem, whose message is meant for who searched. */
export function parseSearch(search: string): SearchExpression | null {
  const trimmed = search.trim();
  if (Array.from(trimmed).length > longestSearch) throw new SearchProblem(`Query exceeds ${longestSearch} characters`);
  const reading = new Reading(tokensOf(trimmed));
  if (reading.peek().kind === "end") return null;
  const expression = reading.alternatives(0);
  if (reading.peek().kind !== "end") throw new SearchProblem(`Unexpected '${reading.peek().text}'`, reading.peek().position);
  return expression;
}

class Reading {
  readonly #tokens: readonly SearchToken[];
  #at = 0;

  constructor(tokens: readonly SearchToken[]) {
    this.#tokens = tokens;
  }

  /** What comes next. */
  peek(): SearchToken {
    return this.#tokens[this.#at]!;
  }

  alternatives(depth: number): SearchExpression {
    const of = [this.#requirements(depth)];
    while (this.peek().kind === "OR") {
      this.#afterOperator();
      of.push(this.#requirements(depth));
    }
    return joined("or", of);
  }

  #requirements(depth: number): SearchExpression {
    const of = [this.#single(depth)];
    while (!["end", ")", "OR"].includes(this.peek().kind)) {
      if (this.peek().kind === "AND") this.#afterOperator();
      of.push(this.#single(depth));
    }
    return joined("and", of);
  }

  #single(depth: number): SearchExpression {
    const token = this.#take();
    switch (token.kind) {
      case "-":
        return { kind: "not", of: this.#single(depth) };
      case "(":
        return this.#group(token, depth);
      case "word":
        return termOf(token);
      default:
        throw new SearchProblem("Expected a search term", token.position);
    }
  }

  #group({ position }: SearchToken, depth: number): SearchExpression {
    if (depth >= deepest) throw new SearchProblem(`Query nesting exceeds ${deepest} levels`, position);
    if (this.peek().kind === ")") throw new SearchProblem("Empty group", position);
    const expression = this.alternatives(depth + 1);
    if (this.peek().kind !== ")") throw new SearchProblem("Missing closing parenthesis", position);
    this.#take();
    return expression;
  }

  #afterOperator(): void {
    const { kind, position } = this.#take();
    if (["end", ")", "AND", "OR"].includes(this.peek().kind))
      throw new SearchProblem(`${kind} must be followed by a search term`, position);
  }

  #take(): SearchToken {
    const token = this.peek();
    this.#at += 1;
    return token;
  }
}

function joined(kind: "and" | "or", of: readonly SearchExpression[]): SearchExpression {
  return of.length === 1 ? of[0]! : { kind, of };
}

function termOf({ text, position }: SearchToken): SearchExpression {
  const colon = text.indexOf(":");
  const qualifier = text.slice(0, Math.max(0, colon)).toLowerCase();
  const field = searchFields.includes(qualifier as SearchField) ? (qualifier as SearchField) : "any";
  const value = field === "any" ? text : text.slice(colon + 1);
  if (value === "") throw new SearchProblem("Search qualifier requires a value", position);
  if (field === "state") return { kind: "is", field, text: value };
  const equals = field === "kwargs" ? value.indexOf("=") : -1;
  if (equals !== -1) return { kind: "pair", key: value.slice(0, equals).trim(), value: value.slice(equals + 1).trim() };
  if (Array.from(value.trim()).length < shortestText)
    throw new SearchProblem(`Substring search terms must contain at least ${shortestText} characters`, position);
  return { kind: "text", field, text: value };
}
