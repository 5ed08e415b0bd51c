/** Which scheduled instances go to the executor first, and how many fit: into their pools, their runs, and the executor. */
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { firstInstance } from "../../../../../packages/airflow-bridge/src/dag/decision/first-instance.ts";
import type { InstanceRecord, RunRecord } from "../../../../../packages/airflow-bridge/src/dag/records.ts";
import { explainWaits } from "../../../../../packages/airflow-bridge/src/dag/scheduler/explain-waits.ts";
import { queueInstances } from "../../../../../packages/airflow-bridge/src/dag/scheduler/queue-instances.ts";
import { scheduledDag } from "../../../../../packages/airflow-bridge/src/dag/scheduler/scheduled-dag.ts";
import type { DagStore } from "../../../../../packages/airflow-bridge/src/dag/store/store.ts";
import { dagModel, placeOf, runRecord } from "../../../../support/dag/model.ts";
import { openMemoryStore } from "../../../../support/dag/stage.ts";

const dag = dagModel({ a: {} }, { maxActiveTasks: 3 });
const dags = new Map([[dag.id, scheduledDag(dag)]]);
const [first, second] = [1, 2].map((n) => runRecord({ runId: `r${n}`, logicalDate: n })) as [RunRecord, RunRecord];

let store: DagStore;
beforeEach(async () => {
  store = await openMemoryStore();
  onTestFinished(() => store.close());
  await store.write(async ({ dags: known, runs, pools }) => {
    await known.putAll([{ dagId: dag.id, maxActiveRuns: 16, shape: "{}", seenAt: 0 }]);
    for (const run of [first, second]) await runs.add(run);
    await pools.put({ name: "two", slots: 2, includeDeferred: false });
  });
});

async function scheduled(run: RunRecord, taskId: string, priorityWeight: number, fields: Partial<InstanceRecord> = {}): Promise<void> {
  const instance = {
    ...firstInstance(run, { ...dag.tasks.get("a")!, id: taskId }, priorityWeight),
    state: "scheduled",
    ...fields,
  } as const;
  await store.write(({ instances }) => instances.addAll([instance]));
}

async function queue(limit = 100): Promise<readonly string[]> {
  const queued = await queueInstances(store, dags, { scheduler: "me", limit, now: () => 7 });
  return queued.map((instance) => `${instance.runId} ${placeOf(instance)}`);
}

describe("scheduled instances are queued", () => {
  it("by weight, then by date, under a new id, until the executor is full", async () => {
    await scheduled(second, "light", 1);
    await scheduled(second, "heavy", 9);
    await scheduled(first, "light", 1);
    expect(await queue(2)).toEqual(["r2 heavy", "r1 light"]);
    const [heavy] = await store.read(({ instances }) => instances.ofRun(second));
    expect(heavy).toMatchObject({ state: "queued", scheduler: "me", queuedAt: 7, externalId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(await queue(2)).toEqual(["r2 light"]);
    expect(await queue(2)).toEqual([]);
  });

  it("as far as their pool has slots; a full pool hides nobody elsewhere, and nobody lighter overtakes in it", async () => {
    await scheduled(first, "running", 1, { pool: "two", state: "running" });
    await scheduled(first, "wide", 9, { pool: "two", poolSlots: 2 });
    await scheduled(first, "narrow", 8, { pool: "two" });
    await scheduled(second, "elsewhere", 1);
    expect(await queue(1)).toEqual(["r2 elsewhere"]);
    await store.write(({ instances }) =>
      instances.change({ ...first, taskId: "running", mapIndex: -1 }, { states: ["running"] }, { state: "success" }),
    );
    expect(await queue()).toEqual(["r1 wide"]);
  });

  it("as far as their run may have active ones", async () => {
    await scheduled(first, "running", 1, { state: "running" });
    for (const taskId of ["a", "b", "c"]) await scheduled(first, taskId, 5);
    await scheduled(second, "other", 1);
    expect(await queue(3)).toEqual(["r1 a", "r1 b", "r2 other"]);
  });

  it("never without a pool, and those that are too large for theirs wait without holding up others", async () => {
    await scheduled(first, "nowhere", 9, { pool: "none" });
    await scheduled(first, "large", 9, { pool: "two", poolSlots: 3 });
    await scheduled(first, "small", 1, { pool: "two" });
    expect(await queue()).toEqual(["r1 small"]);
  });

  it("never without a pool, which is said of each once, until there is one", async () => {
    await scheduled(first, "nowhere", 9, { pool: "none" });
    await scheduled(first, "large", 9, { pool: "two", poolSlots: 3 });
    await scheduled(first, "fits", 1, { pool: "two" });
    expect(await explainWaits(store, ["elsewhere"])).toEqual([]);
    const explained = await explainWaits(store, [dag.id]);
    expect(Object.fromEntries(explained.map(({ taskId, reason }) => [taskId, reason]))).toEqual({
      nowhere: "there is no pool none: celeriac dag pools set none SLOTS",
      large: "its pool two has 2 slots, and it needs 3: celeriac dag pools set two SLOTS",
    });
    expect(await store.read(({ instances }) => instances.ofRun(first))).toEqual(expect.arrayContaining([...explained]));
    expect(await explainWaits(store, [dag.id])).toEqual([]);
    await store.write(({ pools }) => pools.put({ name: "none", slots: 1, includeDeferred: false }));
    expect(await queue()).toEqual(["r1 nowhere", "r1 fits"]);
    const [nowhere] = await store.read(({ instances }) => instances.inStates(["queued"]));
    expect(nowhere).toMatchObject({ taskId: expect.any(String), reason: null });
  });
});
