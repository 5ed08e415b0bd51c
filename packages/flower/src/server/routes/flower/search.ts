/** The search of Flower's API: what is wrong with one is told as JSON, under Flower's key. */
import { Refusal } from "../../access.ts";
import type { SearchExpression } from "../../search/expression.ts";
import { parseSearch } from "../../search/parse.ts";

/** Throws Refusal 400, as JSON. */
export function readSearch(search: string | null): SearchExpression | null {
  try {
    return search === null ? null : parseSearch(search);
  } catch (error) {
    if (error instanceof Error && error.name === "SearchProblem") throw new Refusal(400, error.message, "json");
    throw error;
  }
}
