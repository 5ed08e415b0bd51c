/** What a search means, after it was read (`parse.ts`) and before a history turns it into a query of its own. */

export const searchFields = ["name", "state", "worker", "queue", "args", "kwargs", "result", "exception", "uuid"] as const;
export type SearchField = (typeof searchFields)[number];

export type SearchExpression =
  | { readonly kind: "and" | "or"; readonly of: readonly SearchExpression[] }
  | { readonly kind: "not"; readonly of: SearchExpression }
  /** A piece of the text of one field, any case; `any`: of uuid, name, state, worker, args, kwargs and result. */
  | { readonly kind: "text"; readonly field: SearchField | "any"; readonly text: string }
  /** The field is this, whole (`state:`). */
  | { readonly kind: "is"; readonly field: SearchField; readonly text: string }
  /** A pair of the keyword arguments (`kwargs:key=value`). */
  | { readonly kind: "pair"; readonly key: string; readonly value: string };
