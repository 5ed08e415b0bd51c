/** The launcher of one process for each workload, with a program that stands for Airflow. */
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createSpawnLauncher } from "../../../../packages/airflow-bridge/src/airflow/launchers/spawn.ts";
import { readWorkload } from "../../../../packages/airflow-bridge/src/airflow/messages.ts";
import type { Workload } from "../../../../packages/airflow-bridge/src/airflow/workload.ts";
import { systemClock } from "../../../../packages/core/src/clock.ts";
import type { Logger } from "../../../../packages/core/src/logger.ts";
import { commandOf, token, workloadOf } from "../../../support/airflow/messages.ts";
import { type StubAirflow, stubAirflow } from "../../../support/airflow/stub.ts";
import { eventually } from "../../../support/eventually.ts";

let airflow: StubAirflow;
beforeEach(() => {
  airflow = stubAirflow("spawn");
});
afterEach(() => airflow.remove());

const lines: string[] = [];
const line = (message: string) => void lines.push(message);
const logger: Logger = { debug: line, info: line, warn: line, error: line };

function launcherIn(environment: Readonly<Record<string, string>> = airflow.environment) {
  return createSpawnLauncher({ environment, logger, clock: systemClock, killAfterMs: 300 });
}

const command = (dag: string): Workload => readWorkload("command", commandOf(dag));
const context = (signal = new AbortController().signal) => ({ celeryId: "an-id", queue: "default", redelivered: false, signal });
const hasBegun = (count = 1) => eventually(() => expect(airflow.calls()).toHaveLength(count));

it("tells a process that ended well from one that did not", async () => {
  const launcher = launcherIn();
  await launcher.start();
  const ends = ["ok", "exit-3"].map((dag) => launcher.run(command(dag), context()));
  expect(await Promise.all(ends)).toEqual([
    { kind: "success" },
    {
      kind: "failure",
      message: expect.stringMatching(/^Celery command failed on host: .+ with celery_task_id an-id \(PID: \d+, Return Code: 3\)$/),
    },
  ]);
  await launcher.close();
});

it("passes on what a process prints, but for its token", async () => {
  const launcher = launcherIn();
  await launcher.run(readWorkload("workload", workloadOf("tells-all")), context());
  await eventually(() => expect(lines.join("\n")).toContain("tells-all"));
  expect(lines.join("\n")).not.toContain(token);
});

it("sends SIGTERM to a process that is to end, and says that it failed", async () => {
  const launcher = launcherIn();
  const ending = new AbortController();
  const outcome = launcher.run(command("waits-here"), context(ending.signal));
  await hasBegun();
  ending.abort();
  expect(await outcome).toMatchObject({ kind: "failure", message: expect.stringContaining("Return Code: 1)") });
});

it("kills a process that does not heed SIGTERM, with all that it has started", async () => {
  const launcher = launcherIn();
  const ending = new AbortController();
  const outcome = launcher.run(command("stubborn-parent"), context(ending.signal));
  await hasBegun(2);
  const [parent, child] = airflow.calls();
  ending.abort();
  expect(await outcome).toMatchObject({ kind: "failure", message: expect.stringContaining("Return Code: SIGKILL)") });
  for (const { pid } of [parent!, child!]) await eventually(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"));
});

it("is closed when its last process has ended", async () => {
  const launcher = launcherIn();
  const outcome = launcher.run(command("waits-here"), context());
  await hasBegun();
  let isClosed = false;
  const closed = launcher.close().then(() => {
    isClosed = true;
  });
  expect(isClosed).toBe(false);
  writeFileSync(airflow.go, "");
  await closed;
  expect(await outcome).toEqual({ kind: "success" });
});

it("says at its start where there is no Airflow, and of each workload what keeps it from starting", async () => {
  await expect(launcherIn({ PATH: "/nowhere" }).start()).rejects.toMatchObject({ code: "AIRFLOW_LAUNCHER" });
  const launcher = launcherIn();
  await launcher.start();
  airflow.remove();
  await expect(launcher.run(command("ok"), context())).rejects.toMatchObject({ code: "AIRFLOW_LAUNCHER" });
});
