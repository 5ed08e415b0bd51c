/** Schedulers that run, and when each was last heard of. */
import type { SchedulerRecord } from "../records.ts";
import { columnsOf } from "./columns.ts";
import type { Sql } from "./sql.ts";
import type { SchedulerTable } from "./store.ts";

const columns = columnsOf<SchedulerRecord>({ id: "text", hostname: "text", startedAt: "number", heartbeatAt: "number" });
const select = `select ${columns.of("s")} from celeriac_dag_scheduler s`;

export function schedulerTable(sql: Sql): SchedulerTable {
  return {
    put: (scheduler) =>
      sql.run(
        `insert into celeriac_dag_scheduler (${columns.names}) values (${columns.holes})
         on conflict (id) do update set hostname = excluded.hostname, started_at = excluded.started_at, heartbeat_at = excluded.heartbeat_at`,
        columns.values(scheduler),
      ),
    all: async () => (await sql.rows(`${select} order by started_at, id`)).map(columns.read),
    async takeSilent(before) {
      return (await sql.rows(`${select} where heartbeat_at < ? order by heartbeat_at ${sql.dialect.lockFree("s")}`, [before])).map(
        columns.read,
      );
    },
    remove: async (id) => (await sql.rows("delete from celeriac_dag_scheduler where id = ? returning 1", [id])).length > 0,
  };
}
