/** A scheduler of Airflow, as far as Celery sees one: real Celery sends its messages by Redis or RabbitMQ and polls the backends that it polls, our worker starts what passes for Airflow. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandOf, token, workloadOf } from "../../support/airflow/messages.ts";
import { type StubAirflow, type StubCall, stubAirflow } from "../../support/airflow/stub.ts";
import { startCeleriac } from "../../support/celeriac-command.ts";
import { debianPython } from "../../support/install.ts";
import { postgresRows } from "../../support/postgres-client.ts";
import type { PrivateProcess } from "../../support/private-process.ts";
import { amqpUrl, postgresUrl, redisUrl } from "../../support/servers.ts";

const names = {
  before27: "airflow.executors.celery_executor.execute_command",
  upTo211: "airflow.providers.celery.executors.celery_executor_utils.execute_command",
  of211: "execute_command",
  of3: "execute_workload",
} as const;

const tasks = [
  { name: names.before27, argument: commandOf("oldest") },
  { name: names.upTo211, argument: commandOf("waits-command", "--map-index", "3"), waits: true },
  { name: names.of211, argument: commandOf("exit-7") },
  { name: names.of211, argument: ["sh", "-c", "id"] },
  { name: names.of3, argument: workloadOf("waits-workload"), waits: true },
  { name: names.of3, argument: workloadOf("exit-1") },
  { name: names.of3, argument: workloadOf("tells-what-it-got") },
].map((task) => ({ queue: "default", ...task }));

interface Ended {
  readonly id: string;
  /** in this order */
  readonly seen: readonly string[];
  readonly state: string;
  readonly result: string;
}

describe.concurrent.each([
  { name: "Redis", openBroker: redisUrl, openBackend: redisUrl },
  { name: "PostgreSQL", openBroker: amqpUrl, openBackend: postgresUrl },
])("a scheduler that polls $name", ({ name, openBroker, openBackend }) => {
  let airflow: StubAirflow;
  let worker: PrivateProcess;
  let backend: string;
  let ended: readonly Ended[];

  beforeAll(async () => {
    airflow = stubAirflow(`airflow-${name.toLowerCase()}`);
    const broker = await openBroker();
    backend = await openBackend();
    writeFileSync(join(airflow.folder, "airflow.cfg"), `[celery]\nbroker_url = ${broker}\nworker_concurrency = 4\n`);
    worker = startCeleriac(airflow.folder, ["airflow", "worker", "-q", "default", "-H", "af", "--launcher", "spawn", "--skip-serve-logs"], {
      ...airflow.environment,
      AIRFLOW__CELERY__RESULT_BACKEND: backend,
    });
    await worker.wrote(/worker-online/, 20_000);
    ended = await scheduled({ broker, backend, go: airflow.go });
    await worker.stop({ signal: "SIGTERM" });
  });
  afterAll(async () => {
    await worker?.stop({ signal: "SIGKILL" });
    airflow?.remove();
  });

  const endOf = (dag: string) => ended[tasks.findIndex(({ argument }) => argument.includes(dag) || argument.at(0) === dag)]!;
  const callOf = (dag: string): StubCall =>
    airflow.calls().find(({ words, workload }) => words.includes(dag) || workload?.includes(`"${dag}"`) === true)!;

  it("sees what ran begin and succeed, under each of its names", () => {
    for (const dag of ["waits-command", "waits-workload"])
      expect(endOf(dag), dag).toMatchObject({ seen: ["STARTED", "SUCCESS"], result: "None" });
    for (const dag of ["oldest", "tells-what-it-got"]) expect(endOf(dag), dag).toMatchObject({ state: "SUCCESS", result: "None" });
  });

  it("sees a process that ends badly, or a command that is none, as a failure that it can read", () => {
    for (const [dag, code] of [
      ["exit-7", 7],
      ["exit-1", 1],
    ] as const) {
      const { state, result, id } = endOf(dag);
      expect([dag, state]).toEqual([dag, "FAILURE"]);
      expect(result).toMatch(/^AirflowException\(['"]/);
      expect(result).toContain(`failed on host: ${hostname()} with celery_task_id ${id} (PID: ${callOf(dag).pid}, Return Code: ${code})`);
    }
    expect(endOf("sh")).toMatchObject({ state: "FAILURE", result: expect.stringContaining("not `airflow tasks run`") });
  });

  it("has its command run as it was sent, in a session of its own", () => {
    const { words, env, leads } = callOf("waits-command");
    expect({ words, leads }).toEqual({ words: commandOf("waits-command", "--map-index", "3").slice(1), leads: true });
    expect(env).toEqual({
      external_executor_id: endOf("waits-command").id,
      _AIRFLOW_PARSING_CONTEXT_DAG_ID: "waits-command",
      _AIRFLOW_PARSING_CONTEXT_TASK_ID: "a_task",
    });
  });

  it("has its workload handed over byte for byte, and its token shown nowhere", () => {
    const { workload, commandLine, leads } = callOf("tells-what-it-got");
    expect(workload).toBe(workloadOf("tells-what-it-got"));
    expect(leads).toBe(true);
    expect(commandLine).toMatch(
      /-m airflow\.sdk\.execution_time\.execute_workload --json-path \/dev\/stdin$|execute_workload\.py --json-path/,
    );
    for (const call of airflow.calls()) expect(call.commandLine).not.toContain(token);
    expect(worker.output()).toContain("tells-what-it-got");
    expect(worker.output()).not.toContain(token);
  });

  if (name === "PostgreSQL")
    it("finds rows as Celery's own worker writes them", async () => {
      const rows = await postgresRows(
        backend,
        "select id, status, result is null as empty, date_done is null as undated from celery_taskmeta",
      );
      expect(rows).toHaveLength(tasks.length);
      for (const { id, status, empty, undated } of rows) {
        expect({ id: typeof id, empty, undated }).toEqual({ id: "number", empty: status === "SUCCESS", undated: false });
      }
    });
});

async function scheduled(place: { readonly broker: string; readonly backend: string; readonly go: string }): Promise<readonly Ended[]> {
  const script = fileURLToPath(new URL("scheduler.py", import.meta.url));
  const running = promisify(execFile)(debianPython, [script]);
  running.child.stdin!.end(JSON.stringify({ ...place, tasks }));
  return JSON.parse((await running).stdout) as readonly Ended[];
}
