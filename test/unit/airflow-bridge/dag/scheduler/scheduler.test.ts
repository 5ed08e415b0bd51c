/** A scheduler with an executor of its own process, from due runs to their ends. */
import { expect, it, onTestFinished } from "vitest";
import { createSequentialExecutor } from "../../../../../packages/airflow-bridge/src/dag/executors/sequential.ts";
import type { DagModel, Work, WorkContext } from "../../../../../packages/airflow-bridge/src/dag/model.ts";
import { createScheduler } from "../../../../../packages/airflow-bridge/src/dag/scheduler/scheduler.ts";
import type { DagStore } from "../../../../../packages/airflow-bridge/src/dag/store/store.ts";
import { silentLogger, systemClock } from "../../../../../packages/core/src/runtime.ts";
import { dagModel } from "../../../../support/dag/model.ts";
import { addRun, fastScheduler, runnerParts, stateOf, statesOf } from "../../../../support/dag/scheduling.ts";
import { openMemoryStore } from "../../../../support/dag/stage.ts";
import { eventually } from "../../../../support/eventually.ts";

const run = (give: (context: WorkContext, args: readonly unknown[]) => unknown): Work => ({
  kind: "run",
  run: async (context, args) => ({ kind: "success", value: await give(context, args) }),
});

async function startScheduler(...dags: readonly DagModel[]): Promise<DagStore> {
  const store = await openMemoryStore();
  const executor = createSequentialExecutor(runnerParts({ store, clock: systemClock, dags }));
  const scheduler = createScheduler({
    ...{ store, executor, settings: fastScheduler, hostname: "here", clock: systemClock, logger: silentLogger },
    dags: () => dags,
  });
  onTestFinished(async () => {
    await scheduler.stop({ deadlineMs: 100 });
    await store.close();
  });
  await scheduler.start();
  return store;
}

it("runs a DAG that somebody triggered to its end, with retries, mapping and a branch", async () => {
  const dag = dagModel({
    list: { work: run(() => [1, 2, 3]) },
    double: { after: ["list"], each: ["list"], work: run((_, [n]) => 2 * (n as number)) },
    sum: {
      after: ["double"],
      inputs: [{ kind: "xcom", taskId: "double", list: true, path: [] }],
      work: run((_, [ns]) => (ns as number[]).reduce((a, b) => a + b, 0)),
    },
    shaky: {
      retries: 1,
      retryDelayMs: 0,
      work: run(({ tryNumber }) => {
        if (tryNumber === 1) throw new Error("not yet");
      }),
    },
    fork: { after: ["sum"], work: { kind: "run", run: async () => ({ kind: "branch", value: null, skip: ["left"] }) } },
    left: { after: ["fork"] },
    right: { after: ["fork"] },
    end: { after: ["left", "right", "shaky"], triggerRule: "none_failed_min_one_success" },
  });
  const store = await startScheduler(dag);
  const asked = await addRun(store);
  await eventually(async () => expect(await stateOf(store, asked)).toBe("success"));
  const success = "success" as const;
  expect(await statesOf(store, asked)).toEqual({
    ...{ list: success, "double[0]": success, "double[1]": success, "double[2]": success, sum: success },
    ...{ shaky: success, fork: success, left: "skipped", right: success, end: success },
  });
  const [sum] = await store.read(({ xcoms }) => xcoms.ofTask(asked, "sum", "return_value"));
  expect(sum?.value).toBe("12");
  const tries = await store.read((tables) => tables.tries.ofRun(asked));
  expect(tries.filter(({ taskId }) => taskId === "shaky").map(({ state }) => state)).toEqual(["failed", "success"]);
});

it("makes every run that was missed, some at a time, one after the other where they depend on their past", async () => {
  const hour = 3_600_000;
  const startAt = Math.floor(Date.now() / hour) * hour - 5 * hour;
  let [active, most] = [0, 0];
  const dates: number[] = [];
  const dag = dagModel(
    {
      a: {
        dependsOnPast: true,
        work: run(async ({ logicalDate }) => {
          dates.push(logicalDate.getTime());
          most = Math.max(most, ++active);
          await Promise.resolve();
          active -= 1;
        }),
      },
    },
    { schedule: { when: "@hourly", tz: "UTC", timetable: "trigger" }, startAt, catchUp: true, maxActiveRuns: 2 },
  );
  const store = await startScheduler(dag);
  await eventually(() => expect(dates).toHaveLength(6));
  expect(dates).toEqual([0, 1, 2, 3, 4, 5].map((n) => startAt + n * hour));
  expect(most).toBe(1);
  await eventually(async () => {
    const runs = await store.read((tables) => tables.runs.list({ dagId: "etl", limit: 100 }));
    expect(runs.map(({ state }) => state)).toEqual(["success", "success", "success", "success", "success", "success"]);
  });
  const [known] = await store.read(({ dags }) => dags.all());
  expect(known?.nextRun?.logicalDate).toBe(startAt + 6 * hour);
});
