/** A search → a condition of SQL that every task fulfils that fits, and whether no others do. */
import type { Value } from "@celeriac/core/runtime";
import type { SearchExpression, SearchField } from "../../search/expression.ts";
import { anyFields } from "../../search/match.ts";

export interface SearchCondition {
  readonly sql: string;
  readonly parameters: readonly Value[];
  /** false: some that it lets through do not fit */
  readonly isExact: boolean;
}

export function searchCondition(expression: SearchExpression): SearchCondition {
  switch (expression.kind) {
    case "and":
    case "or": {
      const parts = expression.of.map(searchCondition);
      return {
        sql: `(${parts.map(({ sql }) => sql).join(` ${expression.kind} `)})`,
        parameters: parts.flatMap(({ parameters }) => parameters),
        isExact: parts.every(({ isExact }) => isExact),
      };
    }
    case "not": {
      const { sql, parameters, isExact } = searchCondition(expression.of);
      // Of more than fits the opposite is less than fits: nothing can be left out.
      return isExact ? { sql: `not ${sql}`, parameters, isExact } : { sql: "1", parameters: [], isExact };
    }
    case "is":
      return expression.field === "state"
        ? { sql: "state = ?", parameters: [expression.text.toUpperCase()], isExact: true }
        : { sql: "1", parameters: [], isExact: false };
    case "text":
      return textCondition(expression.field === "any" ? anyFields : [expression.field], expression.text);
    case "pair": {
      const words = [expression.key, expression.value].filter((word) => /^[\w .@/-]+$/.test(word));
      return {
        ...joined(
          words.map((word) => textCondition(["kwargs"], word)),
          "and",
        ),
        isExact: false,
      };
    }
  }
}

function textCondition(fields: readonly SearchField[], text: string): SearchCondition {
  // LIKE folds the case of ASCII letters alone: of others any may stand there, and the rest is for `matches`.
  const isAscii = /^[\0-\x7f]*$/.test(text);
  const pattern = `%${text.replace(/[\\%_]/g, "\\$&").replace(/[^\0-\x7f]+/g, "%")}%`;
  const one = (field: SearchField) => ({ sql: `ifnull(${field} like ? escape '\\', 0)`, parameters: [pattern], isExact: isAscii });
  return joined(fields.map(one), "or");
}

function joined(conditions: readonly SearchCondition[], word: "and" | "or"): SearchCondition {
  if (conditions.length === 0) return { sql: "1", parameters: [], isExact: true };
  return {
    sql: `(${conditions.map(({ sql }) => sql).join(` ${word} `)})`,
    parameters: conditions.flatMap(({ parameters }) => parameters),
    isExact: conditions.every(({ isExact }) => isExact),
  };
}
