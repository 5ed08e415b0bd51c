/** `celeriac airflow drain`, asked of a worker whose launcher is the test; and a second worker of its name. */
import { join } from "node:path";
import { createAirflowApp, type Outcome } from "@celeriac/airflow-bridge/airflow";
import { createWorker } from "@celeriac/worker";
import { afterAll, beforeAll, expect, it } from "vitest";
import { workloadOf } from "../../support/airflow/messages.ts";
import { celeriac } from "../../support/celeriac-command.ts";
import { projectFolder } from "../../support/project-folder.ts";

const project = projectFolder("airflow-drain");
const broker = `sqlite://${join(project.path, "celery.db")}`;
const environment = { AIRFLOW_HOME: project.path, AIRFLOW__CELERY__BROKER_URL: broker, AIRFLOW__CELERY__RESULT_BACKEND: broker };
const drain = (...words: readonly string[]) => celeriac(project.path, ["--json", "airflow", "drain", ...words], environment);

let begun = () => {};
const begins = new Promise<void>((resolve) => (begun = resolve));
let end: (outcome: Outcome) => void = () => {};
const run = () =>
  new Promise<Outcome>((resolve) => {
    end = resolve;
    begun();
  });
const launcher = { start: async () => {}, run, close: async () => {} };
const app = createAirflowApp({ broker, backend: broker, config: { taskDefaultQueue: "default" } }, [{ launcher }]);
const worker = createWorker(app, { pool: "inline", concurrency: 2, hostname: "celery@drained", grace: null });

beforeAll(() => worker.start());
afterAll(async () => {
  await worker.terminate();
  await app.close();
  project.remove();
});

it("says so when the worker does not answer", async () => {
  expect(await drain("-H", "nobody")).toMatchObject({ code: 69, stdout: "" });
});

it("starts no second worker of a name that is given and answers", async () => {
  const second = await celeriac(project.path, ["airflow", "worker", "-H", "drained", "-q", "default"], environment);
  expect(second).toMatchObject({ code: 1 });
  expect(second.stderr).toContain("WORKER_NAME_TAKEN");
});

it("has the worker take nothing more, and waits until it runs nothing", async () => {
  await app.sendTask("execute_workload", [workloadOf("first")]);
  await begins;
  const late = await drain("-H", "drained", "-t", "0s");
  expect(late.code).toBe(4);
  expect(JSON.parse(late.stdout)).toEqual({ worker: "celery@drained", queues: ["default"], running: 1 });

  const second = await app.sendTask("execute_workload", [workloadOf("second")]);
  const waiting = drain("-H", "celery@drained");
  end({ kind: "success" });
  expect(await waiting).toMatchObject({ code: 0 });
  expect(worker.stats().pool.executors.flatMap(({ running }) => running)).toEqual([]);
  expect(await second.state()).toBe("PENDING");
});
