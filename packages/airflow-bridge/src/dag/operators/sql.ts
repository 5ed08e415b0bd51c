/** SQL on a connection, PostgreSQL or SQLite. */
import type { OptionCheck } from "@celeriac/core/runtime";
import type { OrHandle } from "../definition/handle.ts";
import type { NodeOptions } from "../definition/node-options.ts";
import { runSql } from "../hooks/run-sql.ts";
import type { Work } from "../model.ts";
import { withWork } from "../runner/current-work.ts";

export interface SqlOptions extends NodeOptions {
  /** for `$1`, `$2` … of PostgreSQL, and each `?` of SQLite, counted over all statements */
  params?: readonly OrHandle<unknown>[];
}

export const sqlChecks: Readonly<Record<Exclude<keyof SqlOptions, keyof NodeOptions>, OptionCheck>> = { params: Array.isArray };

/** Gives the rows of the last statement. Arguments of the work are the values. */
export function sqlWork(connectionId: string, sql: string): Work {
  return {
    kind: "run",
    run: async (context, args) => ({ kind: "success", value: await withWork(context, () => runSql(connectionId, sql, args)) }),
  };
}
