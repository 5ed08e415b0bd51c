/** Tasks of Airflow 3 written in TypeScript, on a worker that has no Python. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { PrivateProcess } from "../../support/private-process.ts";
import { type Scenario, type Scene, stateOf } from "../scenario.ts";

const airflow3 = [3] as const;
const tasks = fileURLToPath(new URL("../tasks.ts", import.meta.url));
/** Node, and nothing else. */
const withoutPython = { PATH: dirname(process.execPath) === "/usr/bin" ? "/nonexistent" : dirname(process.execPath) };

function typeScriptWorker(scene: Scene): Promise<PrivateProcess> {
  const flags = ["--tasks", tasks, "--launcher", "none"];
  const environment = { ...withoutPython, AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL: "2" };
  return scene.worker({ queues: ["typescript"], flags, environment });
}

function statesOf(rows: readonly { readonly task_id: string; readonly state: string | null }[]): Readonly<Record<string, string | null>> {
  return Object.fromEntries(rows.map(({ task_id: task, state }) => [task, state]));
}

/** A value goes from one TypeScript task to the next and to a Python task; the pages show what they logged. */
export const t1: Scenario = {
  name: "T1",
  majors: airflow3,
  async play(scene) {
    await typeScriptWorker(scene);
    await scene.worker();
    const { runId, tasks: rows } = await scene.finish("stub");
    assert.deepEqual(statesOf(rows), { check: "success", extract: "success", transform: "success" });
    const log = await scene.troupe.api.log({ dagId: "stub", runId, taskId: "extract" }, 1);
    assert.match(log, /extracting in TypeScript/);
  },
};

/** What throws is tried again; what gives up is not. */
export const t2: Scenario = {
  name: "T2",
  majors: airflow3,
  async play(scene) {
    await typeScriptWorker(scene);
    const runId = await scene.troupe.api.trigger("stub_retry");
    const throws = { dagId: "stub_retry", runId, taskId: "throws" };
    await scene.until("the first try is up for retry", async () => (await stateOf(scene, throws)) === "up_for_retry");
    await scene.until("the second try has failed", async () => (await stateOf(scene, throws)) === "failed");
    const rows = await scene.tasks(runId);
    const tries = rows.map(({ task_id: task, state, try_number: number }) => [task, state, number]);
    assert.deepEqual(tries, [
      ["gives_up", "failed", 1],
      ["throws", "failed", 2],
    ]);
  },
};

/** A task lives longer than its token, which lasts a minute. */
export const t3: Scenario = {
  name: "T3",
  majors: airflow3,
  async play(scene) {
    await typeScriptWorker(scene);
    const notes = scene.notes();
    const { state } = await scene.finish("stub_waits", { notes: notes.path, seconds: 130 });
    assert.equal(state, "success");
    assert.deepEqual(notes.read(), ["began", "ended"]);
  },
};

/** A task that is marked failed in the pages is told, and its slot is free. */
export const t4: Scenario = {
  name: "T4",
  majors: airflow3,
  async play(scene) {
    const worker = await typeScriptWorker(scene);
    const notes = scene.notes();
    const runId = await scene.troupe.api.trigger("stub_waits", { notes: notes.path, seconds: 600 });
    await scene.until("the task waits", () => notes.read().length === 1);
    const waits = { dagId: "stub_waits", runId, taskId: "waits" };
    await scene.troupe.api.mark(waits, "failed");
    await scene.until("its signal is aborted", () => notes.read().includes("aborted"), 10_000);
    await scene.until("a result is stored", async () => {
      const [task] = await scene.tasks(runId);
      return (await scene.results()).some(({ task_id: id, status }) => id === task!.external_executor_id && status === "SUCCESS");
    });
    assert.equal(await stateOf(scene, waits), "failed", "what the pages said still holds");
    process.kill(worker.pid, "SIGTERM");
    assert.equal(await worker.ended, 0, "it had nothing more to wait for");
  },
};

/** Skips, variables, connections, mapped tasks, and integers that a double cannot hold. */
export const t5: Scenario = {
  name: "T5",
  majors: airflow3,
  async play(scene) {
    await typeScriptWorker(scene);
    await scene.worker();
    const { runId, tasks: rows } = await scene.finish("stub_client");
    assert.deepEqual(
      rows.map(({ task_id: task, map_index: index, state }) => [task, index, state]),
      [
        ["adds_one", -1, "success"],
        ["big", -1, "success"],
        ["big_came", -1, "success"],
        ["chooses", -1, "success"],
        ["counts", 0, "success"],
        ["counts", 1, "success"],
        ["keeps", -1, "success"],
        ["not_chosen", -1, "skipped"],
        ["skips", -1, "skipped"],
      ],
    );
    const kept = await scene.stage.sql<{ task_id: string; map_index: number; value: unknown }>(
      "select task_id, map_index, value from xcom where run_id = $1 and key = 'return_value' and task_id in ('keeps', 'counts') order by 1, 2",
      runId,
    );
    assert.deepEqual(
      kept.map((row) => row.value),
      ["index 0", "index 1", { kept: "grüße", after: null, connection: null }],
    );
  },
};

/** A task that waits gives its slot back, and begins anew in the same try. */
export const t8: Scenario = {
  name: "T8",
  majors: airflow3,
  async play(scene) {
    await typeScriptWorker(scene);
    const notes = scene.notes();
    const runId = await scene.troupe.api.trigger("stub_looks", { notes: notes.path });
    const looks = { dagId: "stub_looks", runId, taskId: "looks" };
    await scene.until("it is put off", async () => (await stateOf(scene, looks)) === "up_for_reschedule");
    const [first] = await scene.tasks(runId);
    await scene.until("it has succeeded", async () => (await stateOf(scene, looks)) === "success");
    const [second] = await scene.tasks(runId);
    assert.equal(second!.try_number, 1, "tries");
    assert.notEqual(second!.external_executor_id, first!.external_executor_id, "ids of Celery");
    assert.deepEqual(notes.read(), ["try 1, put off 0 times", "try 1, put off 1 times"]);
  },
};
