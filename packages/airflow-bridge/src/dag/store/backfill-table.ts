/** Backfills: what was asked for; their runs stand among all others. */
import type { BackfillRecord } from "../records.ts";
import { columnsOf } from "./columns.ts";
import type { Sql } from "./sql.ts";
import type { BackfillTable } from "./store.ts";

const columns = columnsOf<BackfillRecord>({
  backfillId: "text",
  dagId: "text",
  fromDate: "number",
  toDate: "number",
  maxActiveRuns: "number",
  reprocess: "text",
  reverse: "flag",
  createdAt: "number",
});
const select = `select ${columns.names} from celeriac_dag_backfill`;

export function backfillTable(sql: Sql): BackfillTable {
  return {
    add: (backfill) => sql.run(`insert into celeriac_dag_backfill (${columns.names}) values (${columns.holes})`, columns.values(backfill)),
    async find(backfillId) {
      const [row] = await sql.rows(`${select} where backfill_id = ?`, [backfillId]);
      return row === undefined ? null : columns.read(row);
    },
    ofDag: async (dagId) => (await sql.rows(`${select} where dag_id = ? order by created_at desc`, [dagId])).map(columns.read),
  };
}
