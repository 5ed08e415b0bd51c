/** How a statement is asked: what goes in, and the rows that come out. */

/** A row as `pg` gives it: bigints are texts, timestamps are Dates. */
export type Row = Readonly<Record<string, unknown>>;

/** Rejects with the error as `pg` tells it. Without `values` it may be several statements. */
export type Ask = (sql: string, values?: readonly unknown[]) => Promise<readonly Row[]>;
