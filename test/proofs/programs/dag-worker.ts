/** A worker of the proof: `dag-worker.ts <store> <at once>` takes what schedulers have sent, runs it, and writes each run into the ledger. Until SIGTERM. */
import { setTimeout as pause } from "node:timers/promises";
import { runInstance } from "../../../packages/airflow-bridge/src/dag/runner/runner.ts";
import { systemClock } from "../../../packages/core/src/runtime.ts";
import { runnerParts } from "../../support/dag/scheduling.ts";
import { dagsOfProof, openPool, openProofStore } from "./dag-world.ts";

const [url = "", atOnce = "1"] = process.argv.slice(2);
const store = await openProofStore(url);
const pool = openPool(url);
const dags = dagsOfProof({
  kind: "run",
  async run({ dagId, runId, taskId, tryNumber, clock }) {
    const begun = await pool.query(
      "insert into ledger (dag_id, run_id, task_id, try_number, begun_at) values ($1, $2, $3, $4, extract(epoch from clock_timestamp())) returning ctid::text",
      [dagId, runId, taskId, tryNumber],
    );
    await clock.sleep(2 + Math.random() * 10);
    await pool.query("update ledger set ended_at = extract(epoch from clock_timestamp()) where ctid = $1::tid", [begun.rows[0].ctid]);
    return { kind: "success", value: null };
  },
});
const parts = {
  ...runnerParts({ store, clock: systemClock, dags }),
  settings: { heartbeatMs: 1_000, graceMs: 50, maxXcomBytes: 1_000, endRetryMs: 60_000 },
};
let stopping = false;
process.on("SIGTERM", () => {
  stopping = true;
});

async function lane(): Promise<void> {
  while (!stopping) {
    const taken = await pool.query(
      "delete from outbox where id = (select id from outbox order by id limit 1 for update skip locked) returning external_id, dag_id, run_id, task_id, map_index",
    );
    const [row] = taken.rows;
    if (row === undefined) await pause(10);
    else {
      const place = { dagId: row.dag_id, runId: row.run_id, taskId: row.task_id, mapIndex: Number(row.map_index) };
      await runInstance(place, row.external_id, parts, new AbortController().signal);
    }
  }
}

console.log(JSON.stringify({ ready: true }));
await Promise.all(Array.from({ length: Number(atOnce) }, lane));
await store.close();
await pool.end();
