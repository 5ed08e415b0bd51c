/** From records to rows and back: a table's columns are named as the fields of its record, in snake_case. */
import { snakeCase } from "@celeriac/core/runtime";
import type { Row, Value } from "./sql.ts";

type KindOf<T> = [T] extends [string | null] ? "text" : [T] extends [number | null] ? "number" : [T] extends [boolean] ? "flag" : "json";
type Kind = "text" | "number" | "flag" | "json";

export interface Column<R> {
  readonly field: keyof R & string;
  /** "dag_id" */
  readonly name: string;
  readonly type: "text" | "bigint";
}

/** The columns of a record, in their order. */
export interface Columns<R> {
  readonly all: readonly Column<R>[];
  /** "dag_id, run_id" */
  readonly names: string;
  /** "?, ?" */
  readonly holes: string;
  values(record: R): readonly Value[];
  value(record: Partial<R>, field: keyof R): Value;
  read(row: Row): R;
  /** "state = ?, try_number = ?", and what stands for the question marks. */
  assign(fields: Partial<R>): { readonly sql: string; readonly values: readonly Value[] };
  /** As `names`, each with the alias of its table. */
  of(alias: string): string;
}

export function columnsOf<R extends object>(kinds: { readonly [K in keyof R]-?: KindOf<R[K]> }): Columns<R> {
  const fields = Object.entries<Kind>(kinds) as unknown as readonly (readonly [keyof R & string, Kind])[];
  const all = fields.map(
    ([field, kind]): Column<R> => ({ field, name: snakeCase(field), type: kind === "text" || kind === "json" ? "text" : "bigint" }),
  );
  const names = all.map(({ name }) => name);
  return {
    all,
    names: names.join(", "),
    holes: names.map(() => "?").join(", "),
    of: (alias) => names.map((name) => `${alias}.${name}`).join(", "),
    values: (record) => fields.map(([field, kind]) => written(kind, record[field])),
    value: (record, field) => written(kinds[field], record[field]),
    read: (row) => Object.fromEntries(fields.map(([field, kind], at) => [field, readAs(kind, row[at])])) as R,
    assign(some) {
      const set = all.filter(({ field }) => some[field] !== undefined);
      return {
        sql: set.map(({ name }) => `${name} = ?`).join(", "),
        values: set.map(({ field }) => written(kinds[field], some[field])),
      };
    },
  };
}

function written(kind: Kind, value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (kind === "json") return JSON.stringify(value);
  return kind === "flag" ? Number(value) : (value as Value);
}

function readAs(kind: Kind, value: unknown): unknown {
  if (value === null) return null;
  if (kind === "text") return value;
  if (kind === "json") return JSON.parse(value as string) as unknown;
  // PostgreSQL's bigints come as texts.
  return kind === "flag" ? Number(value) === 1 : Number(value);
}
