/** Runs of DAGs. The scheduler looks at those that run and whose time to be looked at has come. */
import type { RunRecord } from "../records.ts";
import type { RunState } from "../states.ts";
import { changeRows, rowsTable, rowsValue, slices } from "./bulk.ts";
import { columnsOf } from "./columns.ts";
import { activeRun, activeStates } from "./schema.ts";
import type { Row, Sql, Value } from "./sql.ts";
import type { ActiveRuns, RunTable } from "./store.ts";

const columns = columnsOf<RunRecord>({
  dagId: "text",
  runId: "text",
  runType: "text",
  state: "text",
  logicalDate: "number",
  intervalStart: "number",
  intervalEnd: "number",
  runAfter: "number",
  params: "json",
  createdAt: "number",
  startedAt: "number",
  endedAt: "number",
  lookAt: "number",
  backfillId: "text",
});
const select = `select ${columns.of("r")} from celeriac_dag_run r`;
const here = "dag_id = ? and run_id = ?";

export function runTable(sql: Sql): RunTable {
  const { dialect } = sql;

  async function one(statement: string, values: readonly Value[]): Promise<RunRecord | null> {
    const [row] = await sql.rows(statement, values);
    return row === undefined ? null : columns.read(row);
  }

  async function many(statement: string, values: readonly Value[]): Promise<readonly RunRecord[]> {
    return (await sql.rows(statement, values)).map(columns.read);
  }

  return {
    async add(run) {
      const added = await sql.rows(
        `insert into celeriac_dag_run (${columns.names}) values (${columns.holes}) on conflict do nothing returning run_id`,
        columns.values(run),
      );
      return added.length > 0;
    },
    async addAll(runs) {
      for (const some of slices(runs))
        await sql.run(
          `insert into celeriac_dag_run (${columns.names}) select ${columns.of("v")} from ${rowsTable(dialect, columns.all)} where true on conflict do nothing`,
          [rowsValue(some.map(columns.values))],
        );
    },
    find: ({ dagId, runId }) => one(`${select} where ${here}`, [dagId, runId]),
    list({ dagId, states, backfillId, from, to, limit }) {
      const isActive = states?.every((state) => activeStates.has(state)) ?? false;
      const conditions: string[] = [];
      const values: Value[] = [];
      const add = (condition: string, ...given: readonly Value[]) => {
        conditions.push(condition);
        values.push(...given);
      };
      if (dagId !== undefined) add("dag_id = ?", dagId);
      if (backfillId !== undefined) add("backfill_id = ?", backfillId);
      if (from !== undefined) add("logical_date >= ?", from);
      if (to !== undefined) add("logical_date <= ?", to);
      if (states !== undefined) {
        add(`state in (${states.map(() => "?").join(", ")})`, ...states);
        if (isActive) add(activeRun);
      }
      const where = conditions.length === 0 ? "" : `where ${conditions.join(" and ")}`;
      // The sum keeps the planner from walking through all runs in this order, past the index of the few that are active.
      const date = isActive ? "logical_date + 0" : "logical_date";
      return many(`${select} ${where} order by ${date} desc, created_at desc, run_id limit ?`, [...values, limit]);
    },
    before: ({ dagId, logicalDate }) =>
      one(`${select} where dag_id = ? and logical_date < ? order by logical_date desc, created_at desc limit 1`, [dagId, logicalDate]),
    lastScheduled: (dagIds) =>
      many(
        `select ${columns.of("r")} from ${rowsTable(dialect, [{ name: "id", type: "text" }])} cross join celeriac_dag_run r
         where r.dag_id = v.id and r.run_type = 'scheduled' and r.logical_date =
         (select max(logical_date) from celeriac_dag_run where dag_id = v.id and run_type = 'scheduled')`,
        [rowsValue(dagIds.map((dagId) => [dagId]))],
      ),
    async latest(count) {
      // Each is found by a walk of its own along the index: since a date, PostgreSQL would read all runs of all DAGs.
      const places = Array.from(
        { length: count },
        (_, at) => `select d.dag_id, (select run_id from celeriac_dag_run where dag_id = d.dag_id
         order by logical_date desc, created_at desc, run_id limit 1 offset ${at}) as run_id from celeriac_dag d`,
      );
      const runs = await many(
        `with w as materialized (${places.join(" union all ")})
         select ${columns.of("r")} from w cross join celeriac_dag_run r where r.dag_id = w.dag_id and r.run_id = w.run_id
         order by r.dag_id, r.logical_date desc, r.created_at desc, r.run_id`,
        [],
      );
      const found = new Map<string, RunRecord[]>();
      for (const run of runs) {
        const own = found.get(run.dagId);
        if (own === undefined) found.set(run.dagId, [run]);
        else own.push(run);
      }
      return found;
    },
    takeReady: (now, limit, dagIds) =>
      many(
        `${select} where state = 'running' and look_at <= ? and ${dialect.among("dag_id")} order by look_at limit ? ${dialect.lockFree("r")}`,
        [now, dialect.list(dagIds), limit],
      ),
    takeQueued: async (dagId, backfillId, limit) => {
      const [backfill] =
        backfillId === null ? [] : await sql.rows("select reverse from celeriac_dag_backfill where backfill_id = ?", [backfillId]);
      const order = Number(backfill?.[0] ?? 0) === 1 ? "desc" : "asc";
      return await many(
        `${select} where dag_id = ? and state = 'queued' and ${activeRun} and ${backfillId === null ? "backfill_id is null" : "backfill_id = ?"}
         order by logical_date ${order}, created_at limit ? ${dialect.lockFree("r")}`,
        backfillId === null ? [dagId, limit] : [dagId, backfillId, limit],
      );
    },
    take: ({ dagId, runId }) => one(`${select} where ${here} ${dialect.lockFree("r")}`, [dagId, runId]),
    takeOld: (endedBefore, limit) =>
      many(
        `${select} where state in ('success', 'failed') and ended_at < ?
         and exists (select 1 from celeriac_dag_run n where n.dag_id = r.dag_id and n.logical_date > r.logical_date)
         and (run_type <> 'scheduled' or exists (select 1 from celeriac_dag_run n
         where n.dag_id = r.dag_id and n.run_type = 'scheduled' and n.logical_date > r.logical_date))
         and not exists (select 1 from celeriac_dag_unlogged u where u.dag_id = r.dag_id and u.run_id = r.run_id)
         limit ? ${dialect.lockFree("r")}`,
        [endedBefore, limit],
      ),
    async removeAll(places) {
      const keys = rowsTable(dialect, [
        { name: "dag_id", type: "text" },
        { name: "run_id", type: "text" },
      ]);
      for (const some of slices(places)) {
        const values = [rowsValue(some.map(({ dagId, runId }) => [dagId, runId]))];
        for (const table of ["run", "instance", "try", "xcom"])
          await sql.run(`delete from celeriac_dag_${table} where (dag_id, run_id) in (select v.dag_id, v.run_id from ${keys})`, values);
      }
    },
    async set({ dagId, runId }, fields) {
      const set = columns.assign(fields);
      if (set.sql !== "") await sql.run(`update celeriac_dag_run set ${set.sql} where ${here}`, [...set.values, dagId, runId]);
    },
    async setAll(changes) {
      const rows = changes.map(({ run: { dagId, runId }, fields }) => ({ is: { dagId, runId }, fields }));
      await changeRows(sql, { table: "celeriac_dag_run", columns, expected: ["dagId", "runId"] }, rows);
    },
    // It always writes: only so it waits for a scheduler that is about to forget the run, not having seen what happened.
    wake: ({ dagId, runId }, at) =>
      sql.run(`update celeriac_dag_run set look_at = case when look_at < ? then look_at else ? end where ${here}`, [at, at, dagId, runId]),
    async countActive() {
      const rows = await sql.rows(
        `select dag_id, backfill_id, state, count(*) from celeriac_dag_run where ${activeRun} group by dag_id, backfill_id, state`,
      );
      return activeOf(rows);
    },
  };
}

function activeOf(rows: readonly Row[]): readonly ActiveRuns[] {
  const found = new Map<string, { dagId: string; backfillId: string | null } & Record<Extract<RunState, "queued" | "running">, number>>();
  for (const [dagId, backfillId, state, count] of rows as readonly [string, string | null, "queued" | "running", unknown][]) {
    const key = JSON.stringify([dagId, backfillId]);
    const active = found.get(key) ?? { dagId, backfillId, queued: 0, running: 0 };
    active[state] = Number(count);
    found.set(key, active);
  }
  return [...found.values()];
}
