/** Task instances in any store. */
import { describe, expect, it } from "vitest";
import type { InstanceRecord } from "../../../packages/airflow-bridge/src/dag/records.ts";
import type { InstanceState } from "../../../packages/airflow-bridge/src/dag/states.ts";
import type { DagStore } from "../../../packages/airflow-bridge/src/dag/store/store.ts";
import { instance, key, run, type Stage } from "./world.ts";

export function describeInstances(stage: () => Stage): void {
  describe("instances", () => {
    it("are kept as they are, and stay as they are when they are added again", async () => {
      const of = run("etl", 1);
      const whole = instance(of, "a", {
        ...{ mapIndex: 3, state: "running", tryNumber: 2, maxTries: 4, queue: "gpu", poolSlots: 2, priorityWeight: -7, externalId: "x" },
        ...{ scheduler: "s1", requeues: 1, hostname: "h", queuedAt: 1, startedAt: 2, firstStartedAt: 3, heartbeatAt: 4, reason: "ü" },
      });
      await stage().addRuns(of);
      const many = Array.from({ length: 250 }, (_, at) => instance(of, "many", { mapIndex: at }));
      await stage().addAll(whole, ...many);
      await stage().addAll({ ...whole, state: "none" }, instance(of, "b"));
      const found = await stage().store.read(({ instances }) => instances.ofRun(of));
      expect(found).toHaveLength(252);
      expect(found[0]).toEqual(whole);
      expect(await stage().store.read(({ instances }) => instances.find(whole))).toEqual(whole);
      expect(await stage().store.read(({ instances }) => instances.find({ ...whole, mapIndex: -1 }))).toBeNull();
    });

    it("are changed only as long as they are what was expected", async () => {
      const of = run("etl", 1);
      const one = instance(of, "a", { state: "queued", tryNumber: 2, externalId: "x", heartbeatAt: 50 });
      await stage().addRuns(of);
      await stage().addAll(one);
      const change = (
        expected: Parameters<Parameters<Parameters<DagStore["write"]>[0]>[0]["instances"]["change"]>[1],
        fields: Partial<InstanceRecord> = {},
      ) => stage().store.write(({ instances }) => instances.change(one, expected, fields));
      expect(await change({ states: ["running"] }, { reason: "no" })).toBe(false);
      expect(await change({ states: ["queued"], tryNumber: 1 }, { reason: "no" })).toBe(false);
      expect(await change({ states: ["queued"], externalId: null }, { reason: "no" })).toBe(false);
      expect(await change({ states: ["queued"], heartbeatBefore: 50 }, { reason: "no" })).toBe(false);
      expect(await change({ states: ["queued"] })).toBe(true);
      expect(await stage().store.read(({ instances }) => instances.find(one))).toEqual(one);
      const expected = { states: ["scheduled", "queued"], tryNumber: 2, externalId: "x", heartbeatBefore: 51 } as const;
      expect(await change(expected, { state: "running", externalId: null, startedAt: 9 })).toBe(true);
      expect(await stage().store.read(({ instances }) => instances.find(one))).toEqual({
        ...one,
        ...{ state: "running", externalId: null, startedAt: 9 },
      });
      expect(await change({ states: ["running"], externalId: null })).toBe(true);
    });

    it("are changed many at once, each as long as it is in the state in which it was read", async () => {
      const [of, other] = [run("etl", 1), run("etl", 2)];
      await stage().addRuns(of, other);
      const mapped = Array.from({ length: 1_200 }, (_, mapIndex) => instance(of, "mapped", { mapIndex, state: "none" }));
      const [gone, ends] = [instance(of, "gone"), instance(other, "ends", { reason: 'it\'s \\ "ü"\n' })];
      await stage().addAll(...mapped, gone, ends, instance(other, "mapped", { mapIndex: 3, state: "none" }));
      const fieldsOf = ({ mapIndex }: InstanceRecord) => ({ state: "scheduled", tryNumber: mapIndex, nextAt: 1.5 }) as const;
      const changed = await stage().store.write(async ({ instances }) => {
        await instances.change(gone, { states: ["scheduled"] }, { state: "removed" });
        expect(await instances.changeAll([])).toEqual([]);
        return await instances.changeAll([
          ...mapped.map((each) => ({ instance: each, fields: fieldsOf(each) })),
          { instance: gone, fields: { state: "queued", externalId: "x" } },
          { instance: ends, fields: { state: "success", externalId: null, hostname: "a\0b\ud800" } },
          { instance: instance(of, "nobody"), fields: { state: "success" } },
        ]);
      });
      expect(changed.map((each) => key(each.instance)).sort()).toEqual([...mapped, ends].map(key).sort());
      const found = await stage().store.read(({ instances }) => instances.ofRun(of));
      expect(found).toEqual([{ ...gone, state: "removed" }, ...mapped.map((each) => ({ ...each, ...fieldsOf(each), nextAt: 2 }))]);
      expect(
        (await stage().store.read(({ instances }) => instances.ofRun(other))).map(({ state, reason, hostname }) => [
          state,
          reason,
          hostname,
        ]),
      ).toEqual([
        ["success", ends.reason, "a\ufffdb\ufffd"],
        ["none", null, null],
      ]);
    });

    it("are read of many runs at once, each run's in the order of its tasks", async () => {
      const [one, two, none] = [run("etl", 1), run("other", 2), run("etl", 3)];
      await stage().addRuns(one, two, none, run("etl", 4));
      await stage().addAll(instance(one, "b"), instance(one, "a", { mapIndex: 10 }), instance(one, "a", { mapIndex: 9 }));
      await stage().addAll(instance(two, "a", { queue: "gpu" }), instance(run("etl", 4), "a"));
      const found = await stage().store.read(({ instances }) => instances.ofRuns([two, none, one]));
      expect(found).toEqual([
        [instance(two, "a", { queue: "gpu" })],
        [],
        [instance(one, "a", { mapIndex: 9 }), instance(one, "a", { mapIndex: 10 }), instance(one, "b")],
      ]);
      expect(await stage().store.read(({ instances }) => instances.ofRuns([]))).toEqual([]);
    });

    it("begin once, though many try", async () => {
      const of = run("etl", 1);
      await stage().addRuns(of);
      await stage().addAll(instance(of, "a", { state: "queued" }));
      const stores = stage().several(2);
      const begun = await Promise.all(
        Array.from({ length: 10 }, (_, at) =>
          stores[at % stores.length]!.write(({ instances }) =>
            instances.change(instance(of, "a"), { states: ["queued"] }, { state: "running" }),
          ),
        ),
      );
      expect(begun.filter(Boolean)).toHaveLength(1);
    });

    it("go with their XCom when they are removed", async () => {
      const of = run("etl", 1);
      await stage().addRuns(of);
      const [one, ...others] = Array.from({ length: 1_200 }, (_, mapIndex) => instance(of, "a", { mapIndex }));
      await stage().addAll(one!, ...others);
      await stage().store.write(async ({ xcoms, instances }) => {
        for (const each of [one!, others[0]!]) await xcoms.put({ ...each, key: "return_value", value: "1" });
        await instances.remove(others);
      });
      expect((await stage().store.read(({ instances }) => instances.ofRun(of))).map(key)).toEqual([key(one!)]);
      expect(await stage().store.read(({ xcoms }) => xcoms.ofTask(of, "a", "return_value"))).toHaveLength(1);
    });

    it("are queued by weight, then by the date of their run, then by index, where there is room and their run runs", async () => {
      const [late, early] = [run("etl", 2), run("etl", 1)];
      const [waits, paused, full] = [run("etl", 3, { state: "queued" }), run("paused", 1), run("full", 1)];
      for (const dagId of ["etl", "paused", "full"]) await stage().putDag(dagId);
      await stage().store.write(({ dags }) => dags.setPaused("paused", true));
      await stage().addRuns(late, early, waits, paused, full);
      const heavy = { priorityWeight: 5 };
      const inOrder = [
        instance(late, "heavy", heavy),
        instance(early, "mapped", { mapIndex: 0 }),
        instance(early, "mapped", { mapIndex: 1 }),
        instance(late, "light"),
      ];
      const left = [
        ...[waits, paused, full, run("elsewhere", 1)].map((of) => instance(of, "a", heavy)),
        instance(early, "pool", { ...heavy, pool: "narrow" }),
        instance(early, "runs", { ...heavy, state: "running" }),
        instance(early, "too large", { ...heavy, pool: "small", poolSlots: 3 }),
        instance(early, "nowhere", { ...heavy, pool: "unknown" }),
      ];
      await stage().store.write(({ pools }) => pools.put({ name: "small", slots: 2, includeDeferred: false }));
      await stage().addRuns(run("elsewhere", 1));
      await stage().addAll(...left, ...[...inOrder].reverse());
      const without = { pools: ["narrow", "none"], runs: [full] };
      const taken = (limit: number) =>
        stage().store.write(async ({ instances }) => (await instances.takeScheduled(limit, ["etl", "paused", "full"], without)).map(key));
      const poolless = await stage().store.read(({ instances }) => instances.poolless(10, ["etl"]));
      expect(poolless.map(({ taskId }) => taskId).sort()).toEqual(["nowhere", "pool", "too large"]);
      expect(await taken(10)).toEqual(inOrder.map(key));
      expect(await taken(2)).toEqual(inOrder.slice(0, 2).map(key));
    });

    it("hold slots while queued and running, and deferred where the pool says so", async () => {
      const [one, two] = [run("etl", 1), run("etl", 2)];
      await stage().addRuns(one, two);
      await stage().store.write(async ({ pools }) => {
        await pools.put({ name: "patient", slots: 3, includeDeferred: true });
        await pools.put({ name: "plain", slots: 3, includeDeferred: false });
      });
      const states: readonly InstanceState[] = ["queued", "running", "deferred", "scheduled", "success", "up_for_retry"];
      for (const pool of ["patient", "plain"])
        await stage().addAll(...states.map((state) => instance(one, `${pool}.${state}`, { state, pool, poolSlots: 2 })));
      await stage().addAll(instance(two, "a", { state: "running" }), instance(two, "b", { state: "success" }));
      expect(await stage().store.read(({ instances }) => instances.usedSlots())).toEqual(
        new Map([
          ["patient", 6],
          ["plain", 4],
          ["default_pool", 1],
        ]),
      );
      const active = await stage().store.read(({ instances }) => instances.activeByRun());
      expect(active).toHaveLength(2);
      expect(active).toEqual(
        expect.arrayContaining([
          { dagId: "etl", runId: one.runId, active: 4 },
          { dagId: "etl", runId: two.runId, active: 1 },
        ]),
      );
    });

    it("are found by state, and by what is too long ago", async () => {
      const of = run("etl", 1);
      await stage().addRuns(of);
      await stage().addAll(
        instance(of, "old", { state: "running", heartbeatAt: 1, scheduler: "s1" }),
        instance(of, "new", { state: "running", heartbeatAt: 9, scheduler: "s2" }),
        instance(of, "silent", { state: "running" }),
        instance(of, "stuck", { state: "queued", queuedAt: 1 }),
        instance(of, "wakes", { state: "deferred", nextAt: 1 }),
        instance(of, "sleeps", { state: "deferred", nextAt: 9 }),
        instance(of, "done", { state: "success", heartbeatAt: 1, queuedAt: 1, nextAt: 1 }),
        instance(of, "waits"),
      );
      const found = (...filter: Parameters<Parameters<Parameters<DagStore["read"]>[0]>[0]["instances"]["inStates"]>) =>
        stage().store.read(async ({ instances }) => (await instances.inStates(...filter)).map(({ taskId }) => taskId).sort());
      expect(await found(["running"])).toEqual(["new", "old", "silent"]);
      expect(await found(["running", "queued"], { heartbeatBefore: 9 })).toEqual(["old"]);
      expect(await found(["running"], { heartbeatBefore: 10, scheduler: "s2" })).toEqual(["new"]);
      expect(await found(["queued"], { queuedBefore: 2 })).toEqual(["stuck"]);
      expect(await found(["deferred"], { nextBefore: 9 })).toEqual(["wakes"]);
      expect(await found(["scheduled"])).toEqual(["waits"]);
      expect(await found(["success", "scheduled"])).toEqual(["done", "waits"]);
    });
  });
}
