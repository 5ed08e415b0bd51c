/** A poke that waits for a row of a database, as Airflow's SqlSensor. */
import { CeleriacError, isText, shownValue } from "@celeriac/core/runtime";
import { runSql } from "../hooks/run-sql.ts";
import type { RunContext } from "../runner/run-context.ts";

/** PostgreSQL counts in texts. */
const nothing: readonly unknown[] = [undefined, null, false, 0, "", "0"];

/**
 * Waits until the first column of the first row that `sql` gives is something else than null, false, 0 or "", and gives that row. `params`: as for
 * `d.sql`, or a function of the run. Throws DAG_DEFINITION.
 */
export function sqlRow<Row = Record<string, unknown>>(
  connectionId: string,
  sql: string,
  params: readonly unknown[] | ((run: RunContext) => readonly unknown[]) = [],
): (run: RunContext) => Promise<Row | false> {
  if (!isText(connectionId) || !isText(sql) || !(Array.isArray(params) || typeof params === "function"))
    throw new CeleriacError(
      "DAG_DEFINITION",
      `sqlRow(${shownValue(connectionId)}, …): expected the id of a connection, SQL, and values or a function`,
    );
  return async (run) => {
    const [row] = await runSql(connectionId, sql, typeof params === "function" ? params(run) : params);
    return row !== undefined && !nothing.includes(Object.values(row)[0]) && (row as Row);
  };
}
