/** The fork-server with a package that stands for Airflow: how workloads reach their processes, how those end, and what ends with what. */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ForkServer } from "../../../../packages/airflow-bridge/src/airflow/launchers/fork-server.ts";
import type { CommandWorkload, TaskWorkload, Workload } from "../../../../packages/airflow-bridge/src/airflow/workload.ts";
import { systemClock } from "../../../../packages/core/src/clock.ts";
import { type Logger, silentLogger } from "../../../../packages/core/src/logger.ts";
import { stars } from "../../../../packages/core/src/redact.ts";
import { programPath } from "../../../support/built.ts";
import { eventually } from "../../../support/eventually.ts";
import { debianPython } from "../../../support/install.ts";
import { temporaryDirectory } from "../../../support/private-process.ts";

const stub = fileURLToPath(new URL("../../../support/airflow-stub", import.meta.url));
const token = "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiIxIn0.c2VjcmV0";
const folder = temporaryDirectory("fork-server");
const airflow = (version: string) => ({ ...process.env, PYTHONPATH: stub, PYTHONDONTWRITEBYTECODE: "1", STUB_AIRFLOW: version });

/** What a process of the stub wrote of itself. */
interface Report {
  readonly pid: number;
  readonly session: number;
  readonly group: number;
  /** its fork-server */
  readonly server: number;
  /** the process it started in its turn */
  readonly child: number;
  readonly ended?: string;
  readonly environ: string;
  readonly line: string;
  readonly [fact: string]: unknown;
}

let reports = 0;
const newReport = () => join(folder.path, `report-${++reports}`);
const read = (report: string): Report =>
  Object.assign(
    {},
    ...readFileSync(report, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as object),
  ) as Report;
const hasStarted = async (report: string) => {
  await eventually(() => read(report).child !== undefined);
  return read(report);
};
const lives = (pid: number) => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
};
/** What a process has forked and not reaped, as its first thread did. */
const childrenOf = (pid: number) => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
const hasEnded = (pid: number) => eventually(() => !lives(pid));

function workload(task: string, report: string): TaskWorkload {
  const instance = { id: "0199", dagId: "dag", taskId: task, runId: "run", tryNumber: 1, mapIndex: null };
  return {
    kind: "workload",
    text: JSON.stringify({ token, ti: { task_id: task }, report, type: "ExecuteTask" }),
    type: "ExecuteTask",
    instance,
  };
}

function command(task: string, report: string): CommandWorkload {
  const words = ["airflow", "tasks", "run", "dag", task, "manual__1", "--local", "--subdir", report];
  return { kind: "command", command: words, dagId: "dag", taskId: task, runId: "manual__1", mapIndex: null };
}

const context = { celeryId: "c-1", queue: "default", redelivered: false, signal: new AbortController().signal };
const failed = (code: number | string, why = "") => ({
  kind: "failure",
  message: expect.stringMatching(
    new RegExp(`^Celery command failed on host: ${hostname()} with celery_task_id c-1 \\(PID: \\d+, Return Code: ${code}\\)${why}$`),
  ),
});

afterAll(() => folder.remove());

describe.each(["3.3.2", "2.11.2"])("the fork-server of Airflow %s", (version) => {
  const warnings: object[] = [];
  const printed: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    info: (line) => printed.push(line),
    warn: (message, fields) => warnings.push({ message, ...fields }),
  };
  const launcher = new ForkServer({ python: debianPython, environment: airflow(version), killAfterMs: 200, clock: systemClock, logger });
  const workloadOf = (task: string, report = newReport()): Workload => (version.startsWith("3") ? workload : command)(task, report);
  const run = (task: string, more: Partial<typeof context> = {}) => launcher.run(workloadOf(task), { ...context, ...more });

  /** Of a process that has just run: a fork-server that another test has killed may still be dying. */
  const livingServer = () =>
    eventually(async () => {
      const report = newReport();
      await launcher.run(workloadOf("ok", report), context);
      const { server } = read(report);
      return server > 1 && lives(server) ? server : Promise.reject(new Error(`${server} is dead`));
    });

  beforeAll(() => launcher.start());
  afterAll(() => launcher.close());

  it("tells Celery what became of the process, not of the task", async () => {
    const [ok, raises, exits, dies] = await Promise.all(["ok", "raises", "exits", "dies"].map((task) => run(task)));
    expect(ok).toEqual({ kind: "success" });
    expect(raises).toEqual(failed(1, ": ValueError: no such server, asked with \\*\\*\\*"));
    expect(exits).toEqual(failed(1, ": SystemExit: 3"));
    expect(dies).toEqual(failed(-9));
  });

  it("has what is printed in the log, without tokens", async () => {
    expect(await run("prints")).toEqual({ kind: "success" });
    await eventually(() => printed.filter((line) => line.startsWith("told")).length === 2);
    expect(printed).toContain(`told on stdout: ${stars}`);
    expect(printed).toContain(`told on stderr: ${stars}`);
  });

  it("ignores a message whose task instance runs elsewhere, and a second delivery whose token is too old", async () => {
    expect(await run("runs_elsewhere")).toEqual({ kind: "ignore", reason: "the task instance runs already" });
    expect(await run("is_refused")).toEqual({ kind: "ignore", reason: "the task instance runs already" });
    expect(await run("has_old_token", { redelivered: true })).toMatchObject({ kind: "ignore" });
    expect(await run("has_old_token")).toEqual(failed(1, ": ServerResponseError: Invalid auth token: Signature has expired"));
    expect(await run("has_ended")).toEqual(failed(1, ": ServerResponseError: Server returned error"));
  });

  it("gives each a process in a session of its own, whose line and variables tell nothing of its token", async () => {
    const [one, two] = [newReport(), newReport()];
    await Promise.all([one, two].map((report) => launcher.run(workloadOf("ok", report), context)));
    expect(read(one).pid).not.toBe(read(two).pid);
    expect(read(one).server).toBe(read(two).server);
    for (const { pid, session, group, line, environ } of [read(one), read(two)]) {
      expect([session, group]).toEqual([pid, pid]);
      expect(line + environ).not.toContain(token);
    }
  });

  it("has a process that is told to end do so in its own way, and tells how it ended", async () => {
    const report = newReport();
    const told = new AbortController();
    const outcome = launcher.run(workloadOf("waits", report), { ...context, signal: told.signal });
    await hasStarted(report);
    told.abort();
    expect(await outcome).toEqual({ kind: "success" });
    expect(read(report).ended).toBe("told to");
  });

  it("ends one that does not, with all that it has started", async () => {
    const report = newReport();
    const told = new AbortController();
    const outcome = launcher.run(workloadOf("is_stubborn", report), { ...context, signal: told.signal });
    const { child } = await hasStarted(report);
    told.abort();
    expect(await outcome).toEqual(failed(-9));
    await hasEnded(child);
  });

  it("ends at once what was told to end before it began", async () => {
    expect(await run("waits", { signal: AbortSignal.abort() })).not.toBeNull();
  });

  it("follows processes beyond the death of their fork-server, and starts another one", async () => {
    const [waits, dies] = [newReport(), newReport()];
    const outcomes = [waits, dies].map((report) => launcher.run(workloadOf("waits", report), context));
    const [first] = await Promise.all([waits, dies].map(hasStarted));
    process.kill(first!.server, "SIGKILL");
    await hasEnded(first!.server);

    const next = newReport();
    expect(await launcher.run(workloadOf("ok", next), context)).toEqual({ kind: "success" });
    expect(read(next).server).not.toBe(first!.server);
    expect(warnings).toContainEqual({ message: expect.stringContaining("fork-server ended"), code: null, signal: "SIGKILL" });

    process.kill(read(dies).pid, "SIGKILL");
    process.kill(read(dies).child, "SIGKILL");
    writeFileSync(`${waits}.go`, "");
    expect(await Promise.all(outcomes)).toEqual([{ kind: "success" }, failed("unknown")]);
  });

  it("starts another one where it was not told yet that its fork-server dies", async () => {
    for (let time = 0; time < 5; time++) {
      const report = newReport();
      expect(await launcher.run(workloadOf("ok", report), context)).toEqual({ kind: "success" });
      const { server } = read(report);
      // The one that dies may have had a process ready.
      if (server > 1 && lives(server)) process.kill(server, "SIGKILL");
    }
  });

  it("has nothing begin in a process that waits for it when its fork-server has died, nor when it has died itself", async () => {
    const server = await livingServer();
    await eventually(() => childrenOf(server).length === 1);
    process.kill(childrenOf(server)[0]!, "SIGKILL");
    const next = newReport();
    expect(await launcher.run(workloadOf("ok", next), context)).toEqual({ kind: "success" });
    expect(read(next).server).toBe(server);

    const [waiting] = await eventually(() => (childrenOf(server).length === 1 ? childrenOf(server) : Promise.reject(new Error("none"))));
    process.kill(server, "SIGKILL");
    await hasEnded(server);
    const last = newReport();
    expect(await launcher.run(workloadOf("ok", last), context)).toEqual({ kind: "success" });
    expect(read(last).pid).not.toBe(waiting);
    await hasEnded(waiting!);
  });

  it("goes on when the signals of a terminal or of a pod reach it", async () => {
    const server = await livingServer();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(server, signal);
    const next = newReport();
    expect(await launcher.run(workloadOf("ok", next), context)).toEqual({ kind: "success" });
    expect(read(next).server).toBe(server);
  });
});

it("ignores a second delivery of Airflow 2 whose task instance runs and gives signs of life, beside which Airflow would end well", async () => {
  const launcher = new ForkServer({
    python: debianPython,
    environment: airflow("2.11.2"),
    killAfterMs: 200,
    clock: systemClock,
    logger: silentLogger,
  });
  const again = { ...context, redelivered: true };
  expect(await launcher.run(command("ok_alive", newReport()), again)).toEqual({ kind: "ignore", reason: "the task instance runs already" });
  expect(await launcher.run(command("ok_dead", newReport()), again)).toEqual({ kind: "success" });
  expect(await launcher.run(command("ok", newReport()), again)).toEqual({ kind: "success" });
  expect(await launcher.run(command("ok_alive", newReport()), context)).toEqual({ kind: "success" });
  await launcher.close();
});

it("hands on a workload's text byte for byte, of any length", async () => {
  const launcher = new ForkServer({
    python: debianPython,
    environment: airflow("3.3.2"),
    killAfterMs: 200,
    clock: systemClock,
    logger: silentLogger,
  });
  const report = newReport();
  const extra = `é\n\u2028"\\${"x".repeat(300_000)}`;
  const text = JSON.stringify({ token, ti: { task_id: "ok" }, report, extra });
  await launcher.run({ ...workload("ok", report), text }, context);
  expect(read(report)["workload"]).toEqual(JSON.parse(text));
  await launcher.close();
});

it("has processes end when the worker was killed: Airflow is told, and those that do not listen are ended", async () => {
  const [waits, stubborn] = [newReport(), newReport()];
  const workloads = JSON.stringify([workload("waits", waits), workload("is_stubborn", stubborn)]);
  const worker = spawn(process.execPath, [programPath("airflow/fork-server"), workloads, debianPython], {
    env: airflow("3.3.2"),
    stdio: "ignore",
  });
  const [told, deaf] = await Promise.all([waits, stubborn].map(hasStarted));
  worker.kill("SIGKILL");
  await eventually(() => read(waits).ended === "told to");
  await Promise.all([told!.pid, deaf!.pid, deaf!.child, deaf!.server].map(hasEnded));
});

it("leaves no folder behind when it is closed", async () => {
  const home = join(folder.path, "temporary");
  mkdirSync(home);
  const launcher = new ForkServer({
    python: debianPython,
    environment: { ...airflow("3.3.2"), TMPDIR: home },
    killAfterMs: 200,
    clock: systemClock,
    logger: silentLogger,
  });
  await launcher.start();
  expect(readdirSync(home)).toHaveLength(1);
  await launcher.close();
  await launcher.close();
  expect(readdirSync(home)).toEqual([]);
});

it.each([
  ["an interpreter that is not there", { python: "/nowhere/python3", environment: {} }, "ENOENT"],
  [
    "one without Airflow",
    { python: debianPython, environment: { ...airflow("3.3.2"), PYTHONPATH: "" } },
    "ModuleNotFoundError: No module named 'airflow'",
  ],
])("says that it cannot start with %s", async (_, options, why) => {
  const launcher = new ForkServer({ killAfterMs: 200, clock: systemClock, logger: silentLogger, ...options });
  await expect(launcher.start()).rejects.toMatchObject({ code: "AIRFLOW_LAUNCHER", message: expect.stringContaining(why) });
  await launcher.close();
});
