/** Variables that were set here; those of the environment stand before them, and are not kept. */

import type { Sql } from "./sql.ts";
import type { VariableTable } from "./store.ts";

export function variableTable(sql: Sql): VariableTable {
  return {
    put: (key, value) =>
      sql.run("insert into celeriac_dag_variable (key, value) values (?, ?) on conflict (key) do update set value = excluded.value", [
        key,
        value,
      ]),
    async find(key) {
      const [row] = await sql.rows("select value from celeriac_dag_variable where key = ?", [key]);
      return row === undefined ? null : (row[0] as string);
    },
    async all() {
      const rows = await sql.rows("select key, value from celeriac_dag_variable order by key");
      return new Map(rows.map(([key, value]) => [key as string, value as string]));
    },
    remove: async (key) => (await sql.rows("delete from celeriac_dag_variable where key = ? returning 1", [key])).length > 0,
  };
}
