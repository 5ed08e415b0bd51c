/** Airflow's own workers and commands beside ours: they find one another, and ours obeys what people ask. */
import assert from "node:assert/strict";
import { hostname } from "node:os";
import type { Scenario, Scene } from "../scenario.ts";

const both = [2, 3] as const;
const celeryApp = ["--app", "airflow.providers.celery.executors.celery_executor.app"];

/** Half of the fleet is ours; both halves work, both are listed, and ours answers what Celery asks. */
export const a12: Scenario = {
  name: "A12",
  majors: both,
  async play(scene) {
    await scene.pythonWorker({ slots: 2 });
    await scene.worker({ slots: 2, name: "ours" });
    const finished = scene.finish("big");
    const listed = await scene.stage.run("airflow", ["celery", "list-workers"]);
    for (const node of [`celery@${hostname()}`, "celery@ours"]) assert.ok(listed.includes(node), `list-workers names ${node}`);
    for (const verb of ["ping", "stats", "active", "active_queues", "registered", "conf"]) {
      const answers = JSON.parse(await inspect(scene, verb, "celery@ours")) as Readonly<Record<string, unknown>>;
      assert.ok("celery@ours" in answers, `inspect ${verb}`);
    }
    const { tasks } = await finished;
    assert.equal(tasks.filter((task) => task.state === "success").length, 200, "tasks that succeeded");
  },
};

/** As the health check of the official images, and as its JSON. */
async function inspect(scene: Scene, verb: string, node: string): Promise<string> {
  return lastJson(await scene.stage.run("celery", [...celeryApp, "inspect", verb, "-d", node, "--json", "--timeout", "20"]));
}

function lastJson(output: string): string {
  return output.split("\n").findLast((line) => line.startsWith("{")) ?? output;
}

/** A queue is added and removed, and the worker is asked to stop, by Airflow's commands. */
export const a16: Scenario = {
  name: "A16",
  majors: both,
  async play(scene) {
    const worker = await scene.worker({ name: "obeys" });
    const node = ["-H", "celery@obeys"];
    const runId = await scene.troupe.api.trigger("queued");
    await scene.until("the task is queued", async () => (await scene.tasks(runId))[0]?.state === "queued");
    await scene.stage.run("airflow", ["celery", "add-queue", ...node, "-q", "gpu"]);
    await scene.until("it runs", async () => (await scene.tasks(runId))[0]?.state === "success");
    await scene.stage.run("airflow", ["celery", "remove-queue", ...node, "-q", "gpu"]);
    await scene.until("the queue is gone", async () => !(await inspect(scene, "active_queues", "celery@obeys")).includes('"gpu"'));
    await scene.stage.run("airflow", ["celery", "shutdown-worker", ...node]);
    assert.equal(await worker.ended, 0, "exit code");
  },
};
