/** All tables of a transaction. */

import { backfillTable } from "./backfill-table.ts";
import { connectionTable } from "./connection-table.ts";
import { dagTable } from "./dag-table.ts";
import { instanceTable } from "./instance-table.ts";
import { poolTable } from "./pool-table.ts";
import { runTable } from "./run-table.ts";
import { schedulerTable } from "./scheduler-table.ts";
import type { Sql } from "./sql.ts";
import type { Tables } from "./store.ts";
import { tryTable } from "./try-table.ts";
import { unloggedTable } from "./unlogged-table.ts";
import { variableTable } from "./variable-table.ts";
import { xcomTable } from "./xcom-table.ts";

export function tablesOf(sql: Sql): Tables {
  return {
    dags: dagTable(sql),
    runs: runTable(sql),
    backfills: backfillTable(sql),
    instances: instanceTable(sql),
    tries: tryTable(sql),
    unlogged: unloggedTable(sql),
    xcoms: xcomTable(sql),
    pools: poolTable(sql),
    schedulers: schedulerTable(sql),
    connections: connectionTable(sql),
    variables: variableTable(sql),
  };
}
