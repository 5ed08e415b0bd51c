/** Airflow's worker with tasks in TypeScript and no Python: the command as a user starts it, a module as a user writes it, and the server's description of itself. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createApp } from "celeriac";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FakeExecutionApi, runContext, runId } from "../../support/airflow/execution-api.ts";
import { logPath, workloadOf } from "../../support/airflow/typescript-try.ts";
import { celeriac, startCeleriac } from "../../support/celeriac-command.ts";
import type { PrivateProcess } from "../../support/private-process.ts";
import { projectFolder } from "../../support/project-folder.ts";

const module = `
import { registerTask } from "celeriac/airflow";

registerTask({ dagId: "report", taskId: "extract" }, async ({ ctx, client }) => {
  client.log.info("extracting", { run: ctx.runId });
  return { rows: Number(await client.getVariable("rows")) as number };
});
`;

describe("a worker with tasks in TypeScript", () => {
  const api = new FakeExecutionApi();
  const project = projectFolder("airflow-typescript", { "tasks.ts": module });
  const urls = { broker: `sqlite://${join(project.path, "broker.db")}`, backend: `sqlite://${join(project.path, "results.db")}` };
  const app = createApp("scheduler", urls);
  let environment: Readonly<Record<string, string>>;
  let worker: PrivateProcess;

  beforeAll(async () => {
    await api.open();
    api.variables.set("rows", "3");
    environment = {
      // No command airflow is here.
      PATH: "/nowhere",
      AIRFLOW_HOME: project.path,
      AIRFLOW__CELERY__BROKER_URL: urls.broker,
      AIRFLOW__CELERY__RESULT_BACKEND: urls.backend,
      AIRFLOW__CORE__EXECUTION_API_SERVER_URL: api.url,
    };
    worker = startCeleriac(
      project.path,
      ["airflow", "worker", "-q", "typescript", "--skip-serve-logs", "--tasks", "tasks.ts"],
      environment,
    );
    await worker.wrote(/worker-online|is ready/, 30_000);
  });
  afterAll(async () => {
    await worker?.stop({ signal: "SIGTERM" });
    await app.close();
    api.close();
    project.remove();
  });

  async function run(taskId: string): Promise<unknown> {
    api.state = "queued";
    api.context = runContext();
    return await app.sendTask("execute_workload", [workloadOf(taskId).text], { queue: "typescript" }).get({ timeout: "40s" });
  }

  test("runs them, tells Airflow, and writes the log where Airflow looks for it", async () => {
    expect(await run("extract")).toBeNull();
    expect({ state: api.state, problems: api.problems }).toEqual({ state: "success", problems: [] });
    expect(api.xcoms.get(`report/${runId}/extract/return_value[-1]`)).toBe('{"rows":3}');
    const log = readFileSync(join(project.path, "logs", logPath), "utf8");
    expect(JSON.parse(log)).toMatchObject({ level: "info", event: "extracting", run: runId });
    expect(worker.output()).not.toContain("eyJ");
  });

  test("has a task that no module registers fail, with a word in its log", async () => {
    expect(await run("nobody's")).toBeNull();
    expect(api.state).toBe("failed");
    expect(readFileSync(join(project.path, "logs", logPath), "utf8")).toContain("No module registers the task nobody's of the DAG report");
  });

  test("does not start with a module that is not there, or without any where there is to be no Python", async () => {
    const start = (...words: readonly string[]) =>
      celeriac(project.path, ["airflow", "worker", "--skip-serve-logs", ...words], environment);
    const [missing, alone] = await Promise.all([start("--tasks", "nowhere.ts"), start("--launcher", "none")]);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error AIRFLOW_TASKS: .*nowhere.ts cannot be loaded/) });
    expect(alone).toMatchObject({ code: 2, stderr: expect.stringContaining("--tasks") });
  });
});
