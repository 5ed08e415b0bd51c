/** The bash operator, with a real bash. */
import { expect, it } from "vitest";
import type { Ending, WorkContext } from "../../../../../packages/airflow-bridge/src/dag/model.ts";
import { bashWork } from "../../../../../packages/airflow-bridge/src/dag/operators/bash.ts";
import { hideSecret } from "../../../../../packages/core/src/known-secrets.ts";
import { silentLogger } from "../../../../../packages/core/src/logger.ts";
import { eventually } from "../../../../support/eventually.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";
import { workContext } from "../../../../support/work-context.ts";

async function run(command: string, context: Partial<WorkContext> = {}, env: Readonly<Record<string, unknown>> = {}): Promise<Ending> {
  const work = bashWork(command, Object.keys(env));
  if (work.kind !== "run") throw new Error("bash runs");
  return await work.run(workContext(context), Object.values(env));
}

it("gives the last line of its output, not of its errors", async () => {
  expect(await run("echo one; echo two; echo late >&2")).toEqual({ kind: "success", value: "two" });
  expect(await run("printf unended")).toEqual({ kind: "success", value: "unended" });
  expect(await run("true")).toEqual({ kind: "success", value: "" });
});

it("has the variables of the worker, of its run, and its own over them", async () => {
  const context = { environment: { ...process.env, A: "worker", B: "worker" }, taskId: "load", tryNumber: 3 };
  const command = 'echo "$A $B $N $NONE|$AIRFLOW_CTX_DAG_ID $AIRFLOW_CTX_TASK_ID $AIRFLOW_CTX_TRY_NUMBER $AIRFLOW_CTX_LOGICAL_DATE"';
  expect(await run(command, context, { B: "own", N: { x: 1 }, NONE: null })).toEqual({
    kind: "success",
    value: 'worker own {"x":1} |etl load 3 2026-03-01T00:00:00.000Z',
  });
});

it("is skipped by exit code 99, and fails by any other, with what it said last", async () => {
  expect(await run("exit 99")).toMatchObject({ kind: "skipped" });
  expect(await run("for i in 1 2 3 4 5 6; do echo $i; done; exit 3")).toEqual({
    kind: "failed",
    reason: "bash ended with exit code 3:\n2\n3\n4\n5\n6",
    retryable: true,
  });
  hideSecret("bash-secret-of-some-length");
  const cut = await run(`echo bash-secret-of-some-length; printf '%990s' ''; exit 3`);
  expect(cut).toMatchObject({ reason: expect.stringMatching(/:\n\*{4,8}\n +$/) });
  expect(await run("kill -KILL $$")).toMatchObject({ reason: "bash was ended by SIGKILL" });
});

it("fails where there is no bash", async () => {
  expect(await run("true", { environment: { PATH: "/nowhere" } })).toMatchObject({
    kind: "failed",
    reason: expect.stringContaining("bash could not be started"),
  });
});

it("logs each line with its stream", async () => {
  const heard: unknown[] = [];
  const log = { ...silentLogger, info: (message: string, fields?: object) => void heard.push([message, fields]) };
  await run("echo one; echo two >&2", { log });
  expect(heard).toEqual(
    expect.arrayContaining([
      ["one", { stream: "stdout" }],
      ["two", { stream: "stderr" }],
    ]),
  );
});

it("is ended with all that it started when its run is aborted, by SIGKILL what does not heed SIGTERM", async () => {
  const clock = createFakeClock();
  const aborting = new AbortController();
  const heard: string[] = [];
  const log = { ...silentLogger, info: (message: string) => void heard.push(message) };
  const ending = run('trap "echo asked" TERM; (trap "" TERM; echo ready; sleep 60) & while true; do wait; done', {
    clock,
    log,
    signal: aborting.signal,
  });
  await eventually(() => expect(heard).toContain("ready"));
  aborting.abort();
  await eventually(() => expect(heard).toContain("asked"));
  await clock.advance(5_000);
  expect(await ending).toMatchObject({ kind: "failed", reason: expect.stringContaining("bash was ended by SIGKILL"), retryable: true });
});

it("is ended at once when it is aborted before it began", async () => {
  expect(await run("sleep 60", { signal: AbortSignal.abort() })).toMatchObject({ reason: "bash was ended by SIGTERM" });
});
