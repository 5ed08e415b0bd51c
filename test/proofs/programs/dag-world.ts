/** What the schedulers and workers of the proof share: DAGs, a queue between them, and a ledger of what ran. All of it lies in the database of the DAG store. */
import pg from "pg";
import type { DagModel } from "../../../packages/airflow-bridge/src/dag/model.ts";
import { openDagStore } from "../../../packages/airflow-bridge/src/dag/store/open-store.ts";
import type { DagStore } from "../../../packages/airflow-bridge/src/dag/store/store.ts";
import { silentLogger, systemClock } from "../../../packages/core/src/runtime.ts";
import { dagModel, type TaskSketch } from "../../support/dag/model.ts";

/** `mesh`: four layers of five tasks, each behind two of the layer before; `heap`: independent tasks of all weights in a narrow pool. */
export const meshTasks = 20;
export const heapTasks = 100;
export const narrowPool = { name: "narrow", slots: 5, includeDeferred: false } as const;

export interface Ran {
  readonly runId: string;
  readonly taskId: string;
}

/** `work`: what every task does. */
export function dagsOfProof(work: TaskSketch["work"]): readonly DagModel[] {
  const mesh: Record<string, TaskSketch> = {};
  for (let at = 0; at < meshTasks; at += 1) {
    const above = at - (at % 5) - 5;
    const after = above < 0 ? [] : [`t${above + (at % 5)}`, `t${above + ((at + 1) % 5)}`];
    mesh[`t${at}`] = { after, ...(work === undefined ? {} : { work }) };
  }
  const heap: Record<string, TaskSketch> = {};
  for (let at = 0; at < heapTasks; at += 1) {
    heap[`h${at}`] = {
      pool: narrowPool.name,
      priorityWeight: 1 + ((at * 37) % heapTasks),
      weightRule: "absolute",
      ...(work === undefined ? {} : { work }),
    };
  }
  return [
    dagModel(mesh, { id: "mesh", maxActiveRuns: 30, maxActiveTasks: 16 }),
    dagModel(heap, { id: "heap", maxActiveRuns: 2, maxActiveTasks: heapTasks }),
  ];
}

export async function openProofStore(url: string): Promise<DagStore> {
  const context = { clock: systemClock, logger: silentLogger, credentials: null, durability: "process", defaultPoolSlots: 24 } as const;
  return await openDagStore(url, context);
}

export function openPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url.replace(/^db\+/, ""), max: 4 });
  // Of a connection that nobody uses: the next question tells.
  pool.on("error", () => {});
  return pool;
}

/** `trail`: every change of an instance's state, in the order in which it was made; a trigger writes it. */
export const tables = `
create table outbox (id bigserial primary key, external_id text not null, dag_id text not null, run_id text not null, task_id text not null, map_index bigint not null);
create index outbox_external on outbox (external_id);
create table ledger (dag_id text not null, run_id text not null, task_id text not null, try_number bigint not null, begun_at float8 not null, ended_at float8);
create table trail (id bigserial primary key, dag_id text, run_id text, task_id text, pool text, slots bigint, weight bigint, before text, after text);
create function write_trail() returns trigger language plpgsql as $$ begin
  insert into trail (dag_id, run_id, task_id, pool, slots, weight, before, after)
  values (new.dag_id, new.run_id, new.task_id, new.pool, new.pool_slots, new.priority_weight, old.state, new.state);
  return null;
end $$;
create trigger trail after update on celeriac_dag_instance for each row when (old.state is distinct from new.state) execute function write_trail();
`;
