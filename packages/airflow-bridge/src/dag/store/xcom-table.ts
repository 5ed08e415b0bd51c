/** What tasks gave to others, as JSON. */
import type { XComRecord } from "../records.ts";
import { columnsOf } from "./columns.ts";
import type { Sql } from "./sql.ts";
import type { XComTable } from "./store.ts";

const columns = columnsOf<XComRecord>({ dagId: "text", runId: "text", taskId: "text", mapIndex: "number", key: "text", value: "text" });

export function xcomTable(sql: Sql): XComTable {
  return {
    put: (row) =>
      sql.run(
        `insert into celeriac_dag_xcom (${columns.names}) values (${columns.holes})
         on conflict (dag_id, run_id, task_id, map_index, key) do update set value = excluded.value`,
        columns.values(row),
      ),
    async ofTask({ dagId, runId }, taskId, key) {
      const rows = await sql.rows(
        `select ${columns.names} from celeriac_dag_xcom where dag_id = ? and run_id = ? and task_id = ? and key = ? order by map_index`,
        [dagId, runId, taskId, key],
      );
      return rows.map(columns.read);
    },
    clear: ({ dagId, runId, taskId, mapIndex }) =>
      sql.run("delete from celeriac_dag_xcom where dag_id = ? and run_id = ? and task_id = ? and map_index = ?", [
        dagId,
        runId,
        taskId,
        mapIndex,
      ]),
  };
}
