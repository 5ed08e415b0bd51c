/** How the tables ask their database: one set of statements, whose few differences between SQLite and PostgreSQL stand here. */

export type Value = string | number | null;
/** The columns in the order in which they were asked for. */
export type Row = readonly unknown[];

/** Statements of one transaction; `?` stands for each value in its turn. Rejects with DAG_STORE_*. */
export interface Sql {
  readonly dialect: Dialect;
  /** A statement that gives rows. */
  rows(sql: string, values?: readonly Value[]): Promise<readonly Row[]>;
  /** A statement that gives none. */
  run(sql: string, values?: readonly Value[]): Promise<void>;
}

/** Parts of a statement. */
export interface Dialect {
  /** the type of a text that is compared and sorted by its bytes */
  readonly text: string;
  /** Locks the rows of this alias, waiting for who has them. A transaction of SQLite that writes is alone from its first moment on. */
  lock(alias: string): string;
  /** Locks them, and leaves out those that another has. */
  lockFree(alias: string): string;
  /** Whether a text is one of those that `list` makes a value of. Filters rows, and is no way to find them. */
  among(expression: string): string;
  list(texts: readonly string[]): Value;
  /** The elements of a value that is a JSON array, as rows of one column `value`. */
  readonly elements: string;
}

const unwritable = /[\0\p{Surrogate}]/gu;

/** As every database takes it: no text has NUL or half a sign, and what is counted or dated is whole. */
export function writable(value: Value): Value {
  if (typeof value === "string") return value.replace(unwritable, "\ufffd");
  return typeof value === "number" ? Math.round(value) : value;
}
