/** The log: a row for each try that ended. */
import type { TryRecord } from "../records.ts";
import { columnsOf } from "./columns.ts";
import type { Sql } from "./sql.ts";
import type { TryTable } from "./store.ts";

const columns = columnsOf<TryRecord>({
  dagId: "text",
  runId: "text",
  taskId: "text",
  mapIndex: "number",
  tryNumber: "number",
  state: "text",
  hostname: "text",
  startedAt: "number",
  endedAt: "number",
  reason: "text",
});

export function tryTable(sql: Sql): TryTable {
  return {
    add: (row) =>
      sql.run(
        `insert into celeriac_dag_try (${columns.names}) values (${columns.holes})
         on conflict (dag_id, run_id, task_id, map_index, try_number) do update set
         state = excluded.state, hostname = excluded.hostname, started_at = excluded.started_at, ended_at = excluded.ended_at, reason = excluded.reason`,
        columns.values(row),
      ),
    async ofRun({ dagId, runId }) {
      const rows = await sql.rows(
        `select ${columns.names} from celeriac_dag_try where dag_id = ? and run_id = ? order by task_id, map_index, try_number`,
        [dagId, runId],
      );
      return rows.map(columns.read);
    },
  };
}
