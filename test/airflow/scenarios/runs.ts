/** Runs from beginning to end: what Airflow shows of them is what it would show with its own workers. */
import assert from "node:assert/strict";
import { startRabbitmq } from "../../support/rabbitmq-server.ts";
import type { Finished, Scenario, Scene } from "../scenario.ts";

const both = [2, 3] as const;

/** Three tasks succeed; Airflow's row for each names the result that was stored, and the server gets the log from our worker. */
export const a1: Scenario = {
  name: "A1",
  majors: both,
  async play(scene) {
    await scene.worker();
    const finished = await finishOk(scene);
    const ids = finished.tasks.map((task) => task.external_executor_id);
    await scene.until("a success without a value is stored for each", async () => {
      const rows = (await scene.results()).filter((row) => ids.includes(row.task_id));
      return rows.length === ids.length && rows.every(({ status, result }) => status === "SUCCESS" && result === null);
    });
    const log = await scene.troupe.api.log({ dagId: "ok", runId: finished.runId, taskId: "a" }, 1);
    assert.match(log, /this is a/, "the log of a");
  },
};

/** The same with results in Redis, and with RabbitMQ as the broker. */
export const a2r: Scenario = {
  name: "A2r",
  majors: both,
  async play(scene) {
    const { redisResults } = scene.stage;
    await withSettings(scene, { AIRFLOW__CELERY__RESULT_BACKEND: redisResults }, async () => {
      const stored = (await scene.results()).length;
      await finishOk(scene);
      assert.equal((await scene.results()).length, stored, "results in the database");
    });
    const rabbitmq = await startRabbitmq();
    try {
      await withSettings(scene, { AIRFLOW__CELERY__BROKER_URL: rabbitmq.url }, async () => void (await finishOk(scene)));
    } finally {
      await rabbitmq.stop();
    }
  },
};

async function withSettings(scene: Scene, settings: NodeJS.ProcessEnv, play: () => Promise<void>): Promise<void> {
  await scene.troupe.restartScheduler(settings);
  const worker = await scene.worker({ environment: settings });
  await play();
  await worker.stop();
}

async function finishOk(scene: Scene): Promise<Finished> {
  const finished = await scene.finish("ok");
  const states = finished.tasks.map((task) => [task.task_id, task.state]);
  assert.deepEqual(states, [
    ["a", "success"],
    ["b", "success"],
    ["c", "success"],
  ]);
  return finished;
}

/** A task that fails is tried again and fails: for Celery both processes ended well, and Airflow finds nothing to repair. */
export const a3: Scenario = {
  name: "A3",
  majors: both,
  async play(scene) {
    await scene.worker();
    const runId = await scene.troupe.api.trigger("fails");
    const seen = new Set<string>();
    await scene.until("the first try is up for retry", async () => {
      const [task] = await scene.tasks(runId);
      if (task?.external_executor_id) seen.add(task.external_executor_id);
      return task?.state === "up_for_retry";
    });
    await scene.until("the second try has failed", async () => {
      const [task] = await scene.tasks(runId);
      if (task?.external_executor_id) seen.add(task.external_executor_id);
      return task?.state === "failed" && task.try_number === 2;
    });
    assert.equal(seen.size, 2, "tasks of Celery");
    await scene.until("both results are stored", async () => {
      const rows = (await scene.results()).filter((row) => seen.has(row.task_id));
      return rows.length === 2 && rows.every((row) => row.status === "SUCCESS");
    });
    const repaired = await scene.stage.sql("select event, extra from log where run_id = $1 and event like '%mismatch%'", runId);
    assert.deepEqual(repaired, [], "repairs by the scheduler");
  },
};

/** Mapped tasks, a branch and a value between tasks. */
export const a5: Scenario = {
  name: "A5",
  majors: both,
  async play(scene) {
    await scene.worker();
    const [mapped, branch, xcom] = await Promise.all(["mapped", "branch", "xcom"].map((dag) => scene.finish(dag)));
    const indexes = mapped!.tasks.map((task) => [task.map_index, task.state]);
    assert.deepEqual(
      indexes,
      [0, 1, 2, 3, 4].map((index) => [index, "success"]),
    );
    const branches = branch!.tasks.map((task) => [task.task_id, task.state]);
    assert.deepEqual(branches, [
      ["choose", "success"],
      ["join", "success"],
      ["left", "success"],
      ["right", "skipped"],
    ]);
    assert.equal(xcom!.state, "success", "the value that the second task got");
  },
};

/** What gives its slot back comes again under another id of Celery, and it is the same try. */
export const a6: Scenario = {
  name: "A6",
  majors: both,
  async play(scene) {
    scene.stage.start(["triggerer"]);
    await scene.worker();
    for (const [dag, away] of [
      ["resched", "up_for_reschedule"],
      ["defer", "deferred"],
    ] as const) {
      const runId = await scene.troupe.api.trigger(dag, { notes: scene.notes().path });
      const ids = new Set<string>();
      let wasAway = false;
      await scene.until(`${dag} has succeeded`, async () => {
        const [task] = await scene.tasks(runId);
        if (task?.external_executor_id) ids.add(task.external_executor_id);
        wasAway ||= task?.state === away;
        return task?.state === "success";
      });
      const [task] = await scene.tasks(runId);
      assert.equal(task!.try_number, 1, `tries of ${dag}`);
      assert.ok(wasAway, `${dag} was ${away}`);
      assert.ok(ids.size >= 2, `${dag} came ${ids.size} times`);
    }
  },
};
