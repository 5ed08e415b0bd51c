/** A search → a condition of SQL that every task fulfils that fits, and whether no others do. */
import type { SearchExpression, SearchField } from "../search/expression.ts";
import { anyFields } from "../search/match.ts";

/** How a database says it. `?` stands for a parameter. */
export interface SearchDialect {
  readonly always: string;
  /** The column has the pattern of LIKE that is given, whatever the case of its ASCII letters; what it does not say, it has not. */
  like(column: string): string;
}

export interface SearchCondition {
  readonly sql: string;
  readonly parameters: readonly string[];
  /** false: some that it lets through do not fit */
  readonly isExact: boolean;
}

export function searchCondition(expression: SearchExpression, dialect: SearchDialect): SearchCondition {
  switch (expression.kind) {
    case "and":
    case "or": {
      const parts = expression.of.map((each) => searchCondition(each, dialect));
      return {
        sql: `(${parts.map(({ sql }) => sql).join(` ${expression.kind} `)})`,
        parameters: parts.flatMap(({ parameters }) => parameters),
        isExact: parts.every(({ isExact }) => isExact),
      };
    }
    case "not": {
      const { sql, parameters, isExact } = searchCondition(expression.of, dialect);
      // Of more than fits the opposite is less than fits: nothing can be left out.
      return isExact ? { sql: `not ${sql}`, parameters, isExact } : { sql: dialect.always, parameters: [], isExact };
    }
    case "is":
      return expression.field === "state"
        ? { sql: "state = ?", parameters: [expression.text.toUpperCase()], isExact: true }
        : { sql: dialect.always, parameters: [], isExact: false };
    case "text":
      return textCondition(expression.field === "any" ? anyFields : [expression.field], expression.text, dialect);
    case "pair": {
      const words = [expression.key, expression.value].filter((word) => /^[\w .@/-]+$/.test(word));
      return {
        ...joined(
          words.map((word) => textCondition(["kwargs"], word, dialect)),
          "and",
          dialect,
        ),
        isExact: false,
      };
    }
  }
}

function textCondition(fields: readonly SearchField[], text: string, dialect: SearchDialect): SearchCondition {
  // LIKE folds the case of ASCII letters alone: of others any may stand there, and the rest is for `matches`.
  const isAscii = /^[\0-\x7f]*$/.test(text);
  const pattern = `%${text.replace(/[\\%_]/g, "\\$&").replace(/[^\0-\x7f]+/g, "%")}%`;
  const one = (field: SearchField) => ({ sql: dialect.like(field), parameters: [pattern], isExact: isAscii });
  return joined(fields.map(one), "or", dialect);
}

function joined(conditions: readonly SearchCondition[], word: "and" | "or", { always }: SearchDialect): SearchCondition {
  if (conditions.length === 0) return { sql: always, parameters: [], isExact: true };
  return {
    sql: `(${conditions.map(({ sql }) => sql).join(` ${word} `)})`,
    parameters: conditions.flatMap(({ parameters }) => parameters),
    isExact: conditions.every(({ isExact }) => isExact),
  };
}
