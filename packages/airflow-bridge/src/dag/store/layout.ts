/** What lies in a database: which tables there are to be, and how they are asked. */
import type { Dialect, Sql } from "./sql.ts";

export interface Layout<T> {
  /** the table that holds the version of the others; null: whoever opens the database makes nothing in it */
  readonly versionTable: string | null;
  /** What leads from a version, 0 for none, to the newest. Throws DAG_STORE_VERSION for one that is newer. */
  stepsFrom(version: number, dialect: Dialect, label: string): readonly string[];
  /** of a transaction */
  tables(sql: Sql): T;
}
