/** Pools. The default one is always there, so that who takes all of them holds a lock. */
import type { PoolRecord } from "../records.ts";
import { columnsOf } from "./columns.ts";
import { defaultPool } from "./schema.ts";
import type { Sql } from "./sql.ts";
import type { PoolTable } from "./store.ts";

const columns = columnsOf<PoolRecord>({ name: "text", slots: "number", includeDeferred: "flag" });
const select = `select ${columns.of("p")} from celeriac_dag_pool p order by name`;

export function poolTable(sql: Sql): PoolTable {
  return {
    put: (pool) =>
      sql.run(
        `insert into celeriac_dag_pool (${columns.names}) values (${columns.holes})
         on conflict (name) do update set slots = excluded.slots, include_deferred = excluded.include_deferred`,
        columns.values(pool),
      ),
    remove: async (name) =>
      name !== defaultPool && (await sql.rows("delete from celeriac_dag_pool where name = ? returning 1", [name])).length > 0,
    all: async () => (await sql.rows(select)).map(columns.read),
    takeAll: async () => (await sql.rows(`${select} ${sql.dialect.lock("p")}`)).map(columns.read),
  };
}
