/** DAGs as their code was last seen, and when each has its next run. */
import type { DagRecord, NextRun } from "../records.ts";
import { changeRows, rowsTable, rowsValue, slices } from "./bulk.ts";
import { columnsOf } from "./columns.ts";
import { activeRun } from "./schema.ts";
import type { Row, Sql } from "./sql.ts";
import type { DagTable } from "./store.ts";

interface FlatDag extends Omit<DagRecord, "nextRun"> {
  readonly nextRunAfter: number | null;
  readonly nextLogicalDate: number | null;
  readonly nextIntervalStart: number | null;
  readonly nextIntervalEnd: number | null;
}

const columns = columnsOf<FlatDag>({
  dagId: "text",
  isPaused: "flag",
  maxActiveRuns: "number",
  shape: "text",
  seenAt: "number",
  nextRunAfter: "number",
  nextLogicalDate: "number",
  nextIntervalStart: "number",
  nextIntervalEnd: "number",
});
const put = new Set<string>(["dagId", "maxActiveRuns", "shape", "seenAt"] satisfies (keyof FlatDag)[]);
const putColumns = columns.all.filter(({ field }) => put.has(field));
const select = `select ${columns.of("d")} from celeriac_dag d`;

function dagOf(row: Row): DagRecord {
  const { nextRunAfter: runAfter, nextLogicalDate, nextIntervalStart, nextIntervalEnd, ...dag } = columns.read(row);
  if (runAfter === null) return { ...dag, nextRun: null };
  const next = { logicalDate: nextLogicalDate!, intervalStart: nextIntervalStart!, intervalEnd: nextIntervalEnd! };
  return { ...dag, nextRun: { runAfter, ...next } };
}

function nextRunFields(next: NextRun | null): Partial<FlatDag> {
  if (next === null) return { nextRunAfter: null, nextLogicalDate: null, nextIntervalStart: null, nextIntervalEnd: null };
  const { runAfter, logicalDate, intervalStart, intervalEnd } = next;
  return { nextRunAfter: runAfter, nextLogicalDate: logicalDate, nextIntervalStart: intervalStart, nextIntervalEnd: intervalEnd };
}

export function dagTable(sql: Sql): DagTable {
  const { dialect } = sql;
  return {
    async putAll(dags) {
      for (const some of slices(dags))
        await sql.run(
          `insert into celeriac_dag (dag_id, max_active_runs, shape, seen_at, is_paused)
           select v.dag_id, v.max_active_runs, v.shape, v.seen_at, 0 from ${rowsTable(dialect, putColumns)} where true
           on conflict (dag_id) do update set max_active_runs = excluded.max_active_runs, shape = excluded.shape, seen_at = excluded.seen_at`,
          [rowsValue(some.map((dag) => putColumns.map(({ field }) => columns.value(dag, field))))],
        );
    },
    async find(dagId) {
      const [row] = await sql.rows(`${select} where d.dag_id = ?`, [dagId]);
      return row === undefined ? null : dagOf(row);
    },
    async findAll(dagIds) {
      const rows = await sql.rows(
        `select ${columns.of("d")} from ${rowsTable(dialect, [{ name: "id", type: "text" }])} cross join celeriac_dag d where d.dag_id = v.id`,
        [rowsValue(dagIds.map((dagId) => [dagId]))],
      );
      return rows.map(dagOf);
    },
    all: async () => (await sql.rows(`${select} order by d.dag_id`)).map(dagOf),
    async setPaused(dagId, isPaused) {
      const changed = await sql.rows("update celeriac_dag set is_paused = ? where dag_id = ? returning dag_id", [Number(isPaused), dagId]);
      return changed.length > 0;
    },
    async setNextRuns(next) {
      const changes = [...next].map(([dagId, run]) => ({ is: { dagId }, fields: nextRunFields(run) }));
      await changeRows(sql, { table: "celeriac_dag", columns, expected: ["dagId"] }, changes);
    },
    async take(dagId) {
      const [row] = await sql.rows(`${select} where d.dag_id = ? ${dialect.lockFree("d")}`, [dagId]);
      return row === undefined ? null : dagOf(row);
    },
    async takeDue(now, limit, dagIds) {
      const rows = await sql.rows(
        `${select} where d.next_run_after is not null and d.is_paused = 0 and d.next_run_after <= ? and ${dialect.among("d.dag_id")}
         and (select count(*) from celeriac_dag_run where dag_id = d.dag_id and ${activeRun} and backfill_id is null) < d.max_active_runs
         order by d.next_run_after limit ? ${dialect.lockFree("d")}`,
        [now, dialect.list(dagIds), limit],
      );
      return rows.map(dagOf);
    },
  };
}
