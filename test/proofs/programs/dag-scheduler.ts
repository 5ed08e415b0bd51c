/** A scheduler of the proof: `dag-scheduler.ts <store> <parallelism>`. What it queues goes through a table to the workers. Until it is killed. */
import { createEventBuffer } from "../../../packages/airflow-bridge/src/dag/executors/event-buffer.ts";
import type { Executor, QueuedInstance } from "../../../packages/airflow-bridge/src/dag/executors/executor.ts";
import { createScheduler } from "../../../packages/airflow-bridge/src/dag/scheduler/scheduler.ts";
import { silentLogger, systemClock } from "../../../packages/core/src/runtime.ts";
import { fastScheduler } from "../../support/dag/scheduling.ts";
import { dagsOfProof, openPool, openProofStore } from "./dag-world.ts";

const [url = "", parallelism = "16"] = process.argv.slice(2);
const store = await openProofStore(url);
const pool = openPool(url);
const dags = dagsOfProof(undefined);
const events = createEventBuffer();
/** queued by this scheduler, and not ended as far as it knows */
const out = new Set<string>();

systemClock.every(20, () => {
  if (out.size === 0) return;
  const asked = [...out];
  void pool
    .query("select external_id from celeriac_dag_instance where state in ('queued', 'running') and external_id = any($1)", [asked])
    .then(({ rows }) => {
      const active = new Set(rows.map((row) => row.external_id as string));
      for (const id of asked) if (!active.has(id)) out.delete(id);
      if (active.size < asked.length) events.tell();
    });
});

async function unsent(instances: readonly QueuedInstance[]): Promise<readonly QueuedInstance[]> {
  const { rows } = await pool.query("select external_id from outbox where external_id = any($1)", [
    instances.map(({ externalId }) => externalId),
  ]);
  const sent = new Set(rows.map((row) => row.external_id as string));
  return instances.filter(({ externalId, state }) => state === "queued" && !sent.has(externalId));
}

const executor: Executor = {
  name: "celery",
  get slots() {
    return Math.max(0, Number(parallelism) - out.size);
  },
  async start() {},
  async queue(instances) {
    for (const { externalId, dagId, runId, taskId, mapIndex } of instances) {
      out.add(externalId);
      await pool.query("insert into outbox (external_id, dag_id, run_id, task_id, map_index) values ($1, $2, $3, $4, $5)", [
        ...[externalId, dagId, runId, taskId, mapIndex],
      ]);
    }
  },
  sync: async () => events.take(),
  adopt: unsent,
  async revoke({ externalId }) {
    await pool.query("delete from outbox where external_id = $1", [externalId]);
  },
  onEvent: events.onEvent,
  async end() {},
};

const settings = { ...fastScheduler, idleMs: 100, heartbeatMs: 300, deadAfterMs: 1_500, silentAfterMs: 30_000 };
const scheduler = createScheduler({
  ...{ store, executor, settings, hostname: `proof${process.pid}`, clock: systemClock, logger: silentLogger },
  dags: () => dags,
});
await scheduler.start();
console.log(JSON.stringify({ ready: true }));
