/** Workers and schedulers come and go while a task runs: it runs once. */
import assert from "node:assert/strict";
import { type Scenario, type Scene, stateOf } from "../scenario.ts";
import type { RunTask } from "../server-api.ts";

const both = [2, 3] as const;

interface Sleeper extends RunTask {
  /** "began …" and "ended …" for each time that it ran */
  notes(): readonly string[];
}

/** Begins a run of the task that sleeps, and resolves when it does. A second try would take no time. */
async function putToSleep(scene: Scene, seconds: number): Promise<Sleeper> {
  const notes = scene.notes();
  const runId = await scene.troupe.api.trigger("sleeps", { notes: notes.path, seconds });
  const sleeper = { dagId: "sleeps", runId, taskId: "sleeps", notes: notes.read };
  await scene.until("the task sleeps", () => notes.read().length === 1);
  return sleeper;
}

async function awaken(scene: Scene, sleeper: Sleeper): Promise<void> {
  await scene.until("the task has succeeded", async () => (await stateOf(scene, sleeper)) === "success");
  const words = sleeper.notes().map((line) => line.split(" ")[0]);
  assert.deepEqual(words, ["began", "ended"], "it ran once");
  const [task] = await scene.tasks(sleeper.runId);
  assert.equal(task!.try_number, 1, "tries");
  await scene.until("its result is stored", async () => {
    const row = (await scene.results()).find(({ task_id: id }) => id === task!.external_executor_id);
    assert.notEqual(row?.status, "FAILURE");
    return row?.status === "SUCCESS";
  });
}

/** A worker that is asked to stop finishes its task first, and the one beside it does not run it again. */
export const a7: Scenario = {
  name: "A7",
  majors: both,
  async play(scene) {
    const first = await scene.worker();
    const sleeper = await putToSleep(scene, 25);
    await scene.worker();
    process.kill(first.pid, "SIGTERM");
    assert.equal(await first.ended, 0, "exit code");
    assert.equal(sleeper.notes().length, 2, "it waited for the task");
    await awaken(scene, sleeper);
  },
};

/** A scheduler that is killed leaves its task to the next one. */
export const a9: Scenario = {
  name: "A9",
  majors: both,
  async play(scene) {
    await scene.worker();
    const sleeper = await putToSleep(scene, 50);
    const before = scene.troupe.schedulerLog().length;
    await scene.troupe.killScheduler();
    await scene.troupe.restartScheduler();
    await scene.until("the task is adopted", () => /Adopted the following 1 tasks/.test(scene.troupe.schedulerLog().slice(before)));
    assert.equal(sleeper.notes().length, 1, "it still ran");
    await awaken(scene, sleeper);
  },
};

/** A task that runs longer than the broker's visibility timeout is not handed out again, also with Airflow's own worker on the same broker. */
export const a17: Scenario = {
  name: "A17",
  majors: both,
  async play(scene) {
    const environment = { AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT: "15" };
    await scene.worker({ environment });
    await scene.pythonWorker({ environment, queues: ["nobody"], slots: 1 });
    await awaken(scene, await putToSleep(scene, 50));
  },
};

/** A running task that is marked failed in Airflow's pages is ended; one that is cleared is ended and begins anew. */
export const a10: Scenario = {
  name: "A10",
  majors: both,
  async play(scene) {
    await scene.worker({ slots: 1 });
    const marked = await putToSleep(scene, 600);
    await scene.troupe.api.mark(marked, "failed");
    await scene.until("the task is ended", () => marked.notes().at(-1)?.startsWith("terminated") === true, 60_000);
    assert.equal(await stateOf(scene, marked), "failed");

    // Its slot is free, or this one would not begin.
    const cleared = await putToSleep(scene, 600);
    await scene.troupe.api.clear(cleared);
    await scene.until("the task is ended", () => cleared.notes()[1]?.startsWith("terminated") === true, 60_000);
    await scene.until("its new try has succeeded", async () => (await stateOf(scene, cleared)) === "success");
    assert.deepEqual(
      cleared.notes().map((line) => line.split(" ")[0]),
      ["began", "terminated", "began", "ended"],
    );
  },
};
