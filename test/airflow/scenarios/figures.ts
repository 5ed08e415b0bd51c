/** What our worker needs beside Airflow's own, on the same machine in the same run. */
import assert from "node:assert/strict";
import type { PrivateProcess } from "../../support/private-process.ts";
import { familyOf, readProc } from "../process-tree.ts";
import type { Scenario, Scene } from "../scenario.ts";

const slots = 16;
const runs = 6;

interface Figures {
  /** of the worker and all its processes, what they share counted once; before they have run anything */
  readonly idleMb: number;
  /** median of the time from queued to running, of three tasks one after the other in each run */
  readonly startMs: number;
}

/** Less than half of the memory; the times are told, for a machine that is busy with other things must not fail them. */
export const a15: Scenario = {
  name: "A15",
  majors: [2, 3],
  async play(scene) {
    const theirs = await measure(scene, () => scene.pythonWorker({ slots }));
    const ours = await measure(scene, () => scene.worker({ slots, servesLogs: true }));
    for (const [name, { idleMb, startMs }] of Object.entries({ "airflow celery worker": theirs, "celeriac airflow worker": ours }))
      console.log(`| ${scene.stage.airflow.version} | ${name} -c ${slots} | ${idleMb.toFixed(0)} MB | ${startMs.toFixed(0)} ms |`);
    assert.ok(ours.idleMb < theirs.idleMb / 2, `${ours.idleMb} MB beside ${theirs.idleMb} MB`);
  },
};

async function measure(scene: Scene, start: () => Promise<PrivateProcess>): Promise<Figures> {
  const worker = await start();
  const waits: number[] = [];
  let idleMb = 0;
  try {
    // Its pool has come up when the memory no longer grows.
    await scene.until("it is idle", () => {
      const before = idleMb;
      idleMb = memoryOf(worker.pid);
      return before > 0 && Math.abs(idleMb - before) < 0.5;
    });
    for (let run = 0; run < runs; run++) {
      const { runId } = await scene.finish("ok");
      const rows = await scene.stage.sql<{ ms: number }>(
        "select extract(epoch from start_date - queued_dttm)::float8 * 1000 as ms from task_instance where run_id = $1",
        runId,
      );
      waits.push(...rows.map((row) => row.ms));
    }
  } finally {
    await worker.stop({ graceMs: 20_000 });
  }
  waits.sort((left, right) => left - right);
  return { idleMb, startMs: waits[Math.floor(waits.length / 2)]! };
}

/** The proportional set size of a process and of all that descend from it, in MB. */
function memoryOf(root: number): number {
  const kilobytes = familyOf(root).map((pid) => Number(/^Pss:\s+(\d+)/m.exec(readProc(pid, "smaps_rollup"))?.[1] ?? 0));
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1024;
}
