/** Airflow's own workers and commands beside ours: they find one another, and ours obeys what people ask. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
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
    // Each of the 200 is some processes of Python, on however few cores there are.
    const finished = scene.finish("big", {}, 900_000);
    const listed = await scene.stage.run("airflow", ["celery", "list-workers"]);
    for (const node of [`celery@${hostname()}`, "celery@ours"]) assert.ok(listed.includes(node), `list-workers names ${node}`);
    for (const verb of ["ping", "stats", "active", "active_queues", "registered", "conf"]) {
      const answers = JSON.parse(await inspect(scene, verb, "celery@ours")) as Readonly<Record<string, unknown>>;
      assert.ok("celery@ours" in answers, `inspect ${verb}`);
    }
    const { tasks } = await finished;
    assert.equal(tasks.filter((task) => task.state === "success").length, 200, "tasks that succeeded");
    const [theirs, ours] = ["python0", "ours"].map((name) => ranBy(scene, name)) as [number, number];
    assert.equal(theirs + ours, 200, "tasks that left a log");
    assert.ok(theirs > 0 && ours > 0, `${theirs} ran in Airflow's worker and ${ours} in ours`);
  },
};

/** How many tasks of the DAG "big" have left their logs in a worker's folder. */
function ranBy({ stage }: Scene, worker: string): number {
  const paths = readdirSync(join(stage.folder, "logs", worker), { recursive: true, encoding: "utf8" });
  return paths.filter((path) => path.includes("dag_id=big") && path.endsWith("attempt=1.log")).length;
}

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
