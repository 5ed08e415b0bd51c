/** What is different about a pool whose runs share the worker's own thread. */
import { AsyncLocalStorage } from "node:async_hooks";
import { silentLogger, systemClock } from "@celeriac/core/runtime";
import { expect, it, onTestFinished } from "vitest";
import type { Ending, Execute, Run, RunControl } from "../../../../packages/core/src/run.ts";
import { createExecutorPool } from "../../../../packages/worker/src/pools/executor-pool.ts";
import { begun, scriptedRun, startedPool } from "../../../support/executor-pool.ts";

const succeeded: Ending = { kind: "succeeded", value: "null", children: [], publish: [] };

async function startInline(execute: Execute, tell: (state: string) => void = () => {}) {
  const pool = createExecutorPool({
    ...{ kind: "inline", open: async () => execute, executors: 1, slots: 3, scaledBy: "slots", worker: "celery@test", logLevel: "info" },
    ...{ clock: systemClock, logger: silentLogger },
    listener: { began() {}, updateState: (_run, state) => tell(state), log() {} },
  });
  onTestFinished(() => pool.terminate());
  await pool.start();
  return pool;
}

it("calls user code in this thread, as many runs at once as it has slots", async () => {
  const controls = new Map<Run, RunControl>();
  const pool = await startInline(async (run, control) => {
    controls.set(run, control);
    await new Promise<void>((resolve) => control.signal.addEventListener("abort", () => resolve()));
    return succeeded;
  });
  const runs = [0, 1, 2, 3].map(() => scriptedRun({ do: "where" }));
  const endings = runs.map((run) => pool.submit(run));
  await expect.poll(() => controls.size).toBe(3);
  expect(pool.stats()).toMatchObject({ capacity: 3, executors: [{ pid: process.pid, running: runs.slice(0, 3).map(({ id }) => id) }] });
  expect(pool.endsRuns).toBe(false);
  pool.abortAll("shutdown", "");
  expect((await Promise.all(endings)).map(({ kind }) => kind)).toEqual(["succeeded", "succeeded", "succeeded", "handedBack"]);
});

it("leaves a run that does not heed its signal to itself when it is terminated, and hears no more of it", async () => {
  let control: RunControl | null = null;
  let letGo: (ending: Ending) => void = () => {};
  const states: string[] = [];
  const pool = await startInline(
    (_run, given) => {
      control = given;
      return new Promise((resolve) => {
        letGo = resolve;
      });
    },
    (state) => void states.push(state),
  );
  const [ending, waiting] = [pool.submit(scriptedRun({ do: "where" })), pool.submit(scriptedRun({ do: "where" }, { deliveries: 1 }))];
  await expect.poll(() => control?.signal.aborted).toBe(false);
  await pool.terminate();
  expect(await Promise.all([ending, waiting])).toEqual([{ kind: "handedBack" }, { kind: "handedBack" }]);
  expect(control!.signal.reason).toEqual({ kind: "shutdown", message: "The worker stops" });
  await control!.updateState("LATE", "{}");
  letGo(succeeded);
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(states).toEqual([]);
});

it("runs nothing in the context of whoever submitted it, and nothing of the worker in a run's", async () => {
  const context = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const note = () => void seen.push(context.getStore());
  const pool = await startInline(async (_run, control) => {
    note();
    await context.run("a run's own", () => control.updateState("A", "{}"));
    return succeeded;
  }, note);
  await context.run("a task's", () => pool.submit(scriptedRun({ do: "where" })));
  expect(seen).toEqual([undefined, undefined]);
});

it("runs a suspect alone, though it has slots for more", async () => {
  const record = await startedPool({ kind: "inline", slots: 3 });
  const [before, suspect, after] = [{}, { deliveries: 1 }, {}].map((changes) => scriptedRun({ do: "untilAborted" }, changes)) as [
    Run,
    Run,
    Run,
  ];
  const endings = [before, suspect, after].map((run) => record.pool.submit(run));
  for (const run of [before, suspect, after]) {
    await begun(record, run);
    expect(record.pool.stats().executors).toMatchObject([{ running: [run.id], queued: 0 }]);
    record.pool.abort(run.id, "shutdown", "");
  }
  expect((await Promise.all(endings)).map(({ kind }) => kind)).toEqual(["succeeded", "succeeded", "succeeded"]);
});
