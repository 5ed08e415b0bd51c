/** The logs of DAGs beside their store: each try once, whatever dies or is away meanwhile. */
import { expect, it, onTestFinished } from "vitest";
import type { DagModel, TryLog } from "../../../../../packages/airflow-bridge/src/dag/model.ts";
import type { TryRecord } from "../../../../../packages/airflow-bridge/src/dag/records.ts";
import { createLogWriter } from "../../../../../packages/airflow-bridge/src/dag/scheduler/log-writer.ts";
import { type ScheduledDags, scheduledDag } from "../../../../../packages/airflow-bridge/src/dag/scheduler/scheduled-dag.ts";
import { createScheduler } from "../../../../../packages/airflow-bridge/src/dag/scheduler/scheduler.ts";
import { silentLogger, systemClock } from "../../../../../packages/core/src/runtime.ts";
import { dagModel, runRecord } from "../../../../support/dag/model.ts";
import { addRun, createWorkers, fastScheduler, runnerParts, stateOf } from "../../../../support/dag/scheduling.ts";
import { openMemoryStore } from "../../../../support/dag/stage.ts";
import { eventually } from "../../../../support/eventually.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";

interface Kept extends TryLog {
  /** "task try state", by try: as tables keep them */
  readonly rows: ReadonlyMap<string, string>;
  isAway: boolean;
}

function createLog(): Kept {
  const rows = new Map<string, string>();
  return {
    rows,
    isAway: false,
    async write(runs) {
      if (this.isAway) throw new Error("nobody there");
      for (const each of runs.flat()) rows.set(`${each.runId} ${each.taskId} ${each.tryNumber}`, each.state);
    },
  };
}

const scheduled = (dag: DagModel): ScheduledDags => new Map([[dag.id, scheduledDag(dag)]]);
const tried = (tryNumber: number, fields: Partial<TryRecord> = {}): TryRecord => ({
  ...{ dagId: "etl", runId: "manual__1", taskId: "t", mapIndex: -1, tryNumber, state: "failed" },
  ...{ hostname: null, startedAt: 1, endedAt: 2, reason: null, ...fields },
});

async function openWorld() {
  const [store, log, clock] = [await openMemoryStore(), createLog(), createFakeClock()];
  onTestFinished(() => store.close());
  const dags = scheduled(dagModel({ t: {} }, { log }));
  const said: string[] = [];
  const logger = {
    ...silentLogger,
    info: (message: string) => void said.push(message),
    error: (message: string) => void said.push(message),
  };
  const mark = (name: string) => store.write(({ unlogged }) => unlogged.putAll([{ dagId: "etl", runId: "manual__1", mark: name }]));
  return { store, log, clock, dags, said, mark, writer: createLogWriter({ store, clock, logger }) };
}

it("makes up for what a log that was away has missed, and tells that once", async () => {
  const { store, log, clock, dags, said, mark, writer } = await openWorld();
  await store.write(async ({ tries }) => tries.add(tried(1)));
  await mark("first");
  log.isAway = true;
  await writer.end(dags);
  clock.step(60_000);
  await writer.end(dags);
  expect(said).toEqual(["the log of tries cannot be written: it is made up for later"]);
  log.isAway = false;
  await writer.end(dags);
  expect(log.rows.size).toBe(0);
  clock.step(60_000);
  await writer.end(dags);
  expect([...log.rows]).toEqual([["manual__1 t 1", "failed"]]);
  expect(said.at(-1)).toBe("the log of tries is written again");
});

it("loses no try that ends while a scheduler writes, whichever of several that is", async () => {
  const { store, log, dags, mark, writer } = await openWorld();
  await store.write(async ({ tries }) => tries.add(tried(1)));
  await mark("first");
  const { write } = log;
  log.write = async (runs) => {
    log.write = write;
    await log.write(runs);
    // Another scheduler has done the same by now, and has seen the next try end.
    await store.write(async ({ unlogged, tries }) => {
      await unlogged.removeAll([{ dagId: "etl", runId: "manual__1", mark: "first" }]);
      await tries.add(tried(2));
    });
    await mark("second");
  };
  await writer.end(dags);
  expect(log.rows.size).toBe(1);
  await writer.end(dags);
  expect([...log.rows.keys()]).toEqual(["manual__1 t 1", "manual__1 t 2"]);
  expect(await store.read(({ unlogged }) => unlogged.list(10, ["etl"]))).toEqual([]);
});

it("has a try that died with its process, and all others of a run, when the scheduler has stopped", async () => {
  const [store, log] = [await openMemoryStore(), createLog()];
  const dag = dagModel({ dies: { retries: 1, retryDelayMs: 0 }, after: { after: ["dies"] } }, { log });
  const workers = createWorkers(runnerParts({ store, clock: systemClock, dags: [dag] }), ({ taskId, tryNumber }) =>
    taskId === "dies" && tryNumber === 1 ? "dies" : "runs",
  );
  workers.open();
  const scheduler = createScheduler({
    ...{ store, executor: workers.executor(), settings: fastScheduler, hostname: "here", clock: systemClock, logger: silentLogger },
    dags: () => [dag],
  });
  await scheduler.start();
  const run = await addRun(store, runRecord({ runId: "manual__2" }));
  await eventually(async () => expect(await stateOf(store, run)).toBe("success"));
  await scheduler.stop({ deadlineMs: 1_000 });
  await store.close();
  expect([...log.rows].toSorted()).toEqual([
    ["manual__2 after 1", "success"],
    ["manual__2 dies 1", "failed"],
    ["manual__2 dies 2", "success"],
  ]);
});
