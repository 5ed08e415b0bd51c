/** Runs whose log, which lies beside the store, may not have all their tries yet. */
import type { UnloggedRecord } from "../records.ts";
import { columnsOf } from "./columns.ts";
import type { Sql } from "./sql.ts";
import type { UnloggedTable } from "./store.ts";

const columns = columnsOf<UnloggedRecord>({ dagId: "text", runId: "text", mark: "text" });

export function unloggedTable(sql: Sql): UnloggedTable {
  return {
    async putAll(runs) {
      for (const run of inOrder(runs))
        await sql.run(
          `insert into celeriac_dag_unlogged (${columns.names}) values (${columns.holes})
           on conflict (dag_id, run_id) do update set mark = excluded.mark`,
          columns.values(run),
        );
    },
    async list(limit, dagIds) {
      const { among, list } = sql.dialect;
      const rows = await sql.rows(`select ${columns.names} from celeriac_dag_unlogged where ${among("dag_id")} limit ?`, [
        list(dagIds),
        limit,
      ]);
      return rows.map(columns.read);
    },
    async removeAll(runs) {
      for (const run of inOrder(runs))
        await sql.run("delete from celeriac_dag_unlogged where dag_id = ? and run_id = ? and mark = ?", columns.values(run));
    },
  };
}

/** Who writes several rows locks them in one order. */
function inOrder(runs: readonly UnloggedRecord[]): readonly UnloggedRecord[] {
  const key = ({ dagId, runId }: UnloggedRecord) => JSON.stringify([dagId, runId]);
  return runs.toSorted((one, other) => (key(one) < key(other) ? -1 : 1));
}
