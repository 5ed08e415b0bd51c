/** What commands do to a store: each act in one transaction, after which the scheduler looks at the run. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { backfillDag } from "../../../../../packages/airflow-bridge/src/dag/acts/backfill.ts";
import { clearInstances } from "../../../../../packages/airflow-bridge/src/dag/acts/clear.ts";
import { markInstances, markRun } from "../../../../../packages/airflow-bridge/src/dag/acts/mark.ts";
import { pauseDag } from "../../../../../packages/airflow-bridge/src/dag/acts/pause.ts";
import type { TaskGraph } from "../../../../../packages/airflow-bridge/src/dag/acts/select-instances.ts";
import { createRunAccess, triggerRun } from "../../../../../packages/airflow-bridge/src/dag/acts/trigger.ts";
import type { InstanceRecord, RunRecord } from "../../../../../packages/airflow-bridge/src/dag/records.ts";
import { memoryStore } from "../../../../../packages/airflow-bridge/src/dag/store/open-store.ts";
import { createSqliteStore } from "../../../../../packages/airflow-bridge/src/dag/store/sqlite.ts";
import type { DagStore } from "../../../../../packages/airflow-bridge/src/dag/store/store.ts";
import { createTimetable } from "../../../../../packages/airflow-bridge/src/dag/timetable/create-timetable.ts";
import { instance, run } from "../../../../conformance/dag-store/world.ts";
import { driverContext } from "../../../../support/driver-context.ts";

const task = (upstream: readonly string[], downstream: readonly string[], retries = 2) => ({ upstream, downstream, options: { retries } });
/** extract → load → report, and clean beside them */
const graph: TaskGraph = {
  tasks: new Map([
    ["extract", task([], ["load"])],
    ["load", task(["extract"], ["report"])],
    ["report", task(["load"], [], 0)],
    ["clean", task([], [])],
  ]),
};

const now = 1_000_000;
const dayMs = 86_400_000;
const etl = run("etl", 1, { state: "failed", startedAt: 1, endedAt: 2, lookAt: null });

describe("acts on DAGs", () => {
  let store: DagStore;
  beforeEach(async () => {
    store = createSqliteStore(memoryStore, { ...driverContext(), defaultPoolSlots: 128 });
    await store.write(async ({ dags, runs, instances }) => {
      await dags.putAll([{ dagId: "etl", maxActiveRuns: 1, shape: "{}", seenAt: 0 }]);
      await runs.add(etl);
      const tried = { tryNumber: 3, maxTries: 3, startedAt: 5, endedAt: 9, externalId: "x", reason: "boom" };
      await instances.addAll([
        instance(etl, "extract", { state: "success", ...tried, tryNumber: 1 }),
        instance(etl, "load", { state: "failed", ...tried, mapIndex: 0 }),
        instance(etl, "load", { state: "success", ...tried, mapIndex: 1 }),
        instance(etl, "report", { state: "upstream_failed", tryNumber: 0, maxTries: 1 }),
        instance(etl, "clean", { state: "running", ...tried, endedAt: null }),
      ]);
    });
  });
  afterEach(() => store.close());

  const found = () => store.read(({ runs }) => runs.find(etl)) as Promise<RunRecord>;
  const all = () => store.read(({ instances }) => instances.ofRun(etl));
  const states = async () => Object.fromEntries((await all()).map(({ taskId, mapIndex, state }) => [`${taskId}${mapIndex}`, state]));
  const ids = (records: readonly InstanceRecord[]) => records.map(({ taskId, mapIndex }) => `${taskId}${mapIndex}`);
  const before = {
    ...{ "extract-1": "success", load0: "failed", load1: "success", "report-1": "upstream_failed", "clean-1": "running" },
  } as const;

  it("trigger a run, under an id of its own or the given one, once", async () => {
    const made = await triggerRun(store, { dag: { id: "etl" }, params: { a: 1 } }, now);
    expect(made.runId).toMatch(/^manual__1970-01-01T00:16:40\+00:00_\w{8}$/);
    expect(await store.read(({ runs }) => runs.find(made))).toEqual(made);
    expect(made).toMatchObject({ state: "queued", runType: "manual", logicalDate: now, intervalStart: now, params: { a: 1 } });
    const request = { dag: { id: "etl" }, runId: "mine", logicalDate: 5 };
    expect(await triggerRun(store, request, now)).toMatchObject({ runId: "mine", logicalDate: 5, intervalStart: 5, intervalEnd: 5 });
    await expect(triggerRun(store, request, now)).rejects.toMatchObject({ code: "DAG_RUN_EXISTS" });
    await expect(triggerRun(store, { dag: { id: "elt" } }, now)).rejects.toMatchObject({ code: "DAG_UNKNOWN" });
  });

  it("let tasks trigger a run any number of times, and look for it by id and by date", async () => {
    const access = createRunAccess({ store, clock: { now: () => now }, findDag: () => undefined });
    const asked = { dagId: "etl", runId: "mine", logicalDate: null, params: {} };
    for (const _ of [1, 2]) await access.trigger(asked);
    expect(await access.find("etl", { runId: "mine" })).toMatchObject({ runId: "mine", state: "queued" });
    await triggerRun(store, { dag: { id: "etl" }, runId: "newer", logicalDate: now }, now + 1);
    expect(await access.find("etl", { logicalDate: now })).toMatchObject({ runId: "newer", state: "queued" });
    for (const none of [{ runId: "none" }, { logicalDate: now + 1 }]) {
      expect(await access.find("etl", none)).toBeNull();
      await expect(access.find("elt", none)).rejects.toMatchObject({ code: "DAG_UNKNOWN" });
    }
    await expect(access.trigger({ ...asked, dagId: "elt" })).rejects.toMatchObject({ code: "DAG_UNKNOWN" });
  });

  it("ask the timetable what a run by hand is about, whoever wants it", async () => {
    const schedule = { when: "@daily", tz: "UTC", timetable: "interval" } as const;
    const [logicalDate, intervalStart, intervalEnd] = [2.5 * dayMs, dayMs, 2 * dayMs];
    const expected = { logicalDate, intervalStart, intervalEnd };
    expect(await triggerRun(store, { dag: { id: "etl", schedule }, logicalDate }, now)).toMatchObject(expected);
    const access = createRunAccess({ store, clock: { now: () => now }, findDag: (id) => ({ id, schedule }) });
    await access.trigger({ dagId: "etl", runId: "by a task", logicalDate, params: {} });
    expect(await store.read(({ runs }) => runs.find({ dagId: "etl", runId: "by a task" }))).toMatchObject(expected);
  });

  it("pause a DAG, and let it go on", async () => {
    for (const isPaused of [true, false]) {
      await pauseDag(store, "etl", isPaused);
      expect(await store.read(({ dags }) => dags.find("etl"))).toMatchObject({ isPaused });
    }
    await expect(pauseDag(store, "elt", true)).rejects.toMatchObject({ code: "DAG_UNKNOWN" });
  });

  it("clear a task and what is behind it: all retries again, what runs is stopped first, and the run goes on", async () => {
    await store.write(({ xcoms }) => xcoms.put({ ...etl, taskId: "load", mapIndex: 0, key: "return_value", value: "1" }));
    const cleared = await clearInstances(store, graph, { ...etl, taskIds: ["load", "clean"], downstream: true }, now);
    expect(ids(cleared)).toEqual(["clean-1", "load0", "load1", "report-1"]);
    expect(await states()).toEqual({ ...before, load0: "none", load1: "none", "report-1": "none", "clean-1": "restarting" });
    const [clean, , load] = (await all()) as [InstanceRecord, InstanceRecord, InstanceRecord];
    expect(clean).toMatchObject({ taskId: "clean", maxTries: 6, externalId: "x", startedAt: 5 });
    expect(load).toMatchObject({ taskId: "load", tryNumber: 3, maxTries: 6, externalId: null, startedAt: null, reason: null });
    expect(await found()).toMatchObject({ state: "queued", startedAt: null, endedAt: null, lookAt: now });
    expect(await store.read(({ xcoms }) => xcoms.ofTask(etl, "load", "return_value"))).toHaveLength(1);
  });

  it("clear what failed alone, one index alone, what is before, and all", async () => {
    const cleared = async (selection: Parameters<typeof clearInstances>[2]) => ids(await clearInstances(store, graph, selection, now));
    expect(await cleared({ ...etl, onlyFailed: true })).toEqual(["load0", "report-1"]);
    expect(await cleared({ ...etl, taskIds: ["load"], mapIndexes: [1] })).toEqual(["load1"]);
    expect(await cleared({ ...etl, taskIds: ["load"], mapIndexes: [1], upstream: true })).toEqual(["extract-1", "load1"]);
    expect(await cleared({ ...etl })).toHaveLength(5);
  });

  it("leave a run as it is of which nothing was cleared, and refuse what is not there", async () => {
    await clearInstances(store, graph, { ...etl, taskIds: ["extract"], onlyFailed: true }, now);
    expect(await found()).toMatchObject({ state: "failed", endedAt: 2 });
    await expect(clearInstances(store, graph, { ...etl, taskIds: ["lod"] }, now)).rejects.toMatchObject({
      ...{ code: "DAG_TASK_UNKNOWN", message: expect.stringContaining('"load"') },
    });
    await expect(clearInstances(store, graph, { ...etl, runId: "none" }, now)).rejects.toMatchObject({ code: "DAG_RUN_UNKNOWN" });
    expect(await states()).toEqual(before);
  });

  it("mark a task, and let run after all what it had held up", async () => {
    const marked = await markInstances(store, graph, { ...etl, taskIds: ["load"], state: "success" }, now);
    expect(ids(marked)).toEqual(["load0"]);
    expect(await states()).toEqual({ ...before, load0: "success", "report-1": "none" });
    expect((await all()).find(({ mapIndex }) => mapIndex === 0)).toMatchObject({ endedAt: now, reason: "marked success by hand" });
    expect(await found()).toMatchObject({ state: "queued", lookAt: now });
    await markInstances(store, graph, { ...etl, taskIds: ["clean"], state: "failed" }, now);
    expect(await states()).toMatchObject({ "clean-1": "failed" });
  });

  it("mark a run: failed ends what runs and skips what waits, success is that of all its tasks", async () => {
    await clearInstances(store, graph, { ...etl, taskIds: ["report"] }, now);
    await markRun(store, { ...etl, state: "failed" }, now);
    expect(await states()).toEqual({ ...before, "report-1": "skipped", "clean-1": "failed" });
    expect(await found()).toMatchObject({ state: "failed", endedAt: now, lookAt: null });
    await markRun(store, { ...etl, state: "success" }, now);
    expect(new Set(Object.values(await states()))).toEqual(new Set(["success"]));
    expect(await found()).toMatchObject({ state: "success" });
  });

  describe("backfill", () => {
    const day = 86_400_000;
    const code = { graph, timetable: createTimetable({ when: "@daily", tz: "UTC", timetable: "interval" }) };
    /** etl has a failed run of day 1, and here one of day 3 that went well */
    const good = run("etl", 3, { state: "success", lookAt: null });
    const range = { dagId: "etl", from: 0, to: 4 * day };
    beforeEach(() => store.write(async ({ runs }) => void (await runs.add(good))));
    const outcomes = async (reprocess: "none" | "failed" | "completed") =>
      (await backfillDag(store, code, { ...range, reprocess }, 10 * day)).runs.map(({ outcome }) => outcome);

    it("makes the runs of the dates that have none, with its own limit and direction", async () => {
      const { backfillId, runs } = await backfillDag(store, code, { ...range, reverse: true, maxActiveRuns: 2 }, 10 * day);
      expect(runs.map(({ outcome }) => outcome)).toEqual(["created", "left", "created", "left", "created"]);
      expect(runs[0]).toMatchObject({ runId: "backfill__1970-01-02T00:00:00+00:00", logicalDate: 0 });
      expect(await store.read(({ backfills }) => backfills.find(backfillId))).toMatchObject({ maxActiveRuns: 2, reprocess: "none" });
      const made = await store.write(({ runs: table }) => table.takeQueued("etl", backfillId, 9));
      expect(made.map(({ logicalDate }) => logicalDate / day)).toEqual([4, 2, 0]);
      expect(made[0]).toMatchObject({ runType: "backfill", intervalStart: 4 * day, intervalEnd: 5 * day, runAfter: 5 * day });
    });

    it("runs again what failed, or all that has ended, in its own limit", async () => {
      expect(await outcomes("failed")).toEqual(["created", "cleared", "created", "left", "created"]);
      expect(await found()).toMatchObject({ state: "queued", backfillId: expect.any(String) });
      expect(new Set(Object.values(await states()))).toEqual(new Set(["none", "restarting"]));
      expect(await outcomes("completed")).toEqual(["left", "left", "left", "cleared", "left"]);
    });

    it("makes nothing before its time, and refuses a range without a run", async () => {
      expect((await backfillDag(store, code, range, 3.5 * day)).runs.map(({ logicalDate }) => logicalDate / day)).toEqual([0, 1, 2]);
      const refused = { code: "DAG_BACKFILL" };
      await expect(backfillDag(store, code, { ...range, from: 5 * day }, 10 * day)).rejects.toMatchObject(refused);
      await expect(backfillDag(store, code, { ...range, from: 4 * day }, day)).rejects.toMatchObject(refused);
      const byHand = { graph, timetable: createTimetable({ when: null, tz: "UTC", timetable: "trigger" }) };
      await expect(backfillDag(store, byHand, range, 10 * day)).rejects.toMatchObject(refused);
      await expect(backfillDag(store, code, { ...range, dagId: "elt" }, 10 * day)).rejects.toMatchObject({ code: "DAG_UNKNOWN" });
    });
  });
});
