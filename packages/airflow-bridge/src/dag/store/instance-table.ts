/** Task instances: by far the largest table, of which the scheduler's questions see only what has not ended. */
import type { InstancePlace, InstanceRecord, RunPlace } from "../records.ts";
import { changeRows, rowsTable, rowsValue, slices } from "./bulk.ts";
import { columnsOf } from "./columns.ts";
import { openInstance, openStates } from "./schema.ts";
import type { Row, Sql, Value } from "./sql.ts";
import type { InstanceTable } from "./store.ts";

const columns = columnsOf<InstanceRecord>({
  dagId: "text",
  runId: "text",
  taskId: "text",
  mapIndex: "number",
  state: "text",
  tryNumber: "number",
  maxTries: "number",
  operator: "text",
  queue: "text",
  pool: "text",
  poolSlots: "number",
  priorityWeight: "number",
  externalId: "text",
  scheduler: "text",
  requeues: "number",
  hostname: "text",
  queuedAt: "number",
  startedAt: "number",
  firstStartedAt: "number",
  endedAt: "number",
  heartbeatAt: "number",
  nextAt: "number",
  reason: "text",
});
const select = `select ${columns.of("i")} from celeriac_dag_instance i`;
const here = "dag_id = ? and run_id = ? and task_id = ? and map_index = ?";
const dateOfRun = "(select logical_date from celeriac_dag_run r where r.dag_id = v.dag_id and r.run_id = v.run_id)";
const hasPool = "exists (select 1 from celeriac_dag_pool p where p.name = i.pool and p.slots >= i.pool_slots)";
const keyNames = "dag_id, run_id, task_id, map_index";
const [keyColumns, runColumns] = [columns.all.slice(0, 4), columns.all.slice(0, 2)];
const changeable = {
  ...{ table: "celeriac_dag_instance", columns, returning: keyNames },
  expected: ["dagId", "runId", "taskId", "mapIndex", "state"],
} as const;

/** One text for a run; ids have no such sign. */
const separator = "\x1f";

export function instanceTable(sql: Sql): InstanceTable {
  const { dialect } = sql;
  return {
    async addAll(instances) {
      for (const some of slices(instances))
        await sql.run(
          `insert into celeriac_dag_instance (${columns.names}, logical_date) select ${columns.of("v")}, ${dateOfRun}
           from ${rowsTable(dialect, columns.all)} where true on conflict do nothing`,
          [rowsValue(some.map(columns.values))],
        );
    },
    async ofRun({ dagId, runId }) {
      return (await sql.rows(`${select} where dag_id = ? and run_id = ? order by task_id, map_index`, [dagId, runId])).map(columns.read);
    },
    async ofRuns(places) {
      const found = new Map(places.map((place) => [runKey(place), [] as InstanceRecord[]]));
      for (const some of slices(places)) {
        // "cross" makes SQLite go from the runs to their instances, by the key.
        const rows = await sql.rows(
          `select ${columns.of("i")} from ${rowsTable(dialect, runColumns)} cross join celeriac_dag_instance i
           where i.dag_id = v.dag_id and i.run_id = v.run_id order by i.dag_id, i.run_id, i.task_id, i.map_index`,
          [rowsValue(some.map(({ dagId, runId }) => [dagId, runId]))],
        );
        for (const instance of rows.map(columns.read)) found.get(runKey(instance))!.push(instance);
      }
      return places.map((place) => found.get(runKey(place))!);
    },
    async find(place) {
      const [row] = await sql.rows(`${select} where ${here}`, keyOf(place));
      return row === undefined ? null : columns.read(row);
    },
    async change(place, { states, tryNumber, externalId, heartbeatBefore }, fields) {
      const set = columns.assign(fields);
      const conditions = [here, inList(states.length)];
      const values: Value[] = [...keyOf(place), ...states];
      if (tryNumber !== undefined) {
        conditions.push("try_number = ?");
        values.push(tryNumber);
      }
      if (externalId === null) conditions.push("external_id is null");
      else if (externalId !== undefined) {
        conditions.push("external_id = ?");
        values.push(externalId);
      }
      if (heartbeatBefore !== undefined) {
        conditions.push("heartbeat_at < ?");
        values.push(heartbeatBefore);
      }
      // Without a field it still locks the row.
      const changed = await sql.rows(
        `update celeriac_dag_instance set ${set.sql || "state = state"} where ${conditions.join(" and ")} returning 1`,
        [...set.values, ...values],
      );
      return changed.length > 0;
    },
    async changeAll(changes) {
      const rows = changes.map(({ instance, fields }) => ({ is: instance, fields }));
      const keyText = ([dagId, runId, taskId, mapIndex]: Row) => JSON.stringify([dagId, runId, taskId, Number(mapIndex)]);
      const changed = new Set((await changeRows(sql, changeable, rows)).map(keyText));
      return changes.filter(({ instance }) => changed.has(keyText(keyOf(instance))));
    },
    async remove(places) {
      for (const some of slices(places)) {
        const these = `(${keyNames}) in (select ${keyNames} from ${rowsTable(dialect, keyColumns)})`;
        const keys = [rowsValue(some.map(keyOf))];
        await sql.run(`delete from celeriac_dag_xcom where ${these}`, keys);
        await sql.run(`delete from celeriac_dag_instance where ${these}`, keys);
      }
    },
    async takeScheduled(limit, dagIds, { pools, runs }) {
      const rows = await sql.rows(
        `${select} where i.state = 'scheduled' and ${dialect.among("i.dag_id")}
         and not (${dialect.among("i.pool")}) and not (${dialect.among(`i.dag_id || '${separator}' || i.run_id`)})
         and exists (select 1 from celeriac_dag_run r where r.dag_id = i.dag_id and r.run_id = i.run_id and r.state = 'running')
         and exists (select 1 from celeriac_dag d where d.dag_id = i.dag_id and d.is_paused = 0)
         and ${hasPool}
         order by i.priority_weight desc, i.logical_date, i.map_index, i.dag_id, i.run_id, i.task_id limit ? ${dialect.lockFree("i")}`,
        [dialect.list(dagIds), dialect.list(pools), dialect.list(runs.map(runKey)), limit],
      );
      return rows.map(columns.read);
    },
    async poolless(limit, dagIds) {
      const rows = await sql.rows(
        `${select} where i.state = 'scheduled' and i.reason is null and ${dialect.among("i.dag_id")} and not (${hasPool}) limit ?`,
        [dialect.list(dagIds), limit],
      );
      return rows.map(columns.read);
    },
    async usedSlots() {
      const rows = await sql.rows(
        `select pool, sum(pool_slots) from celeriac_dag_instance where ${openInstance} and (state in ('queued', 'running')
         or (state = 'deferred' and pool in (select name from celeriac_dag_pool where include_deferred = 1))) group by pool`,
      );
      return new Map(rows.map(([pool, slots]) => [pool as string, Number(slots)]));
    },
    async activeByRun() {
      const rows = await sql.rows(
        `select dag_id, run_id, count(*) from celeriac_dag_instance where ${openInstance} and state in ('queued', 'running') group by dag_id, run_id`,
      );
      return rows.map(([dagId, runId, active]) => ({ dagId: dagId as string, runId: runId as string, active: Number(active) }));
    },
    async inStates(states, { heartbeatBefore, queuedBefore, nextBefore, scheduler } = {}) {
      const conditions = [inList(states.length)];
      if (states.every((state) => openStates.has(state))) conditions.push(openInstance);
      else if (states.every((state) => state === "scheduled")) conditions.push("state = 'scheduled'");
      const values: Value[] = [...states];
      const only = (condition: string, value: Value | undefined) => {
        if (value === undefined) return;
        conditions.push(condition);
        values.push(value);
      };
      only("heartbeat_at < ?", heartbeatBefore);
      only("queued_at < ?", queuedBefore);
      only("next_at < ?", nextBefore);
      only("scheduler = ?", scheduler);
      return (await sql.rows(`${select} where ${conditions.join(" and ")}`, values)).map(columns.read);
    },
  };
}

function keyOf({ dagId, runId, taskId, mapIndex }: InstancePlace): readonly Value[] {
  return [dagId, runId, taskId, mapIndex];
}

function inList(count: number): string {
  return `state in (${Array.from({ length: count }, () => "?").join(", ")})`;
}

function runKey({ dagId, runId }: RunPlace): string {
  return `${dagId}${separator}${runId}`;
}
