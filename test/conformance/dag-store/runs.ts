/** DAGs and their runs in any store. */
import { describe, expect, it } from "vitest";
import { cleanRuns } from "../../../packages/airflow-bridge/src/dag/acts/clean.ts";
import type { RunRecord } from "../../../packages/airflow-bridge/src/dag/records.ts";
import type { DagStore } from "../../../packages/airflow-bridge/src/dag/store/store.ts";
import { instance, run, type Stage } from "./world.ts";

export function describeRuns(stage: () => Stage): void {
  describe("DAGs", () => {
    it("keep their next run and their pause when their code is seen again", async () => {
      await stage().putDag("etl");
      const nextRun = { runAfter: 10, logicalDate: 7, intervalStart: 8, intervalEnd: 9 };
      await stage().store.write(async ({ dags }) => {
        expect(await dags.setPaused("etl", true)).toBe(true);
        expect(await dags.setPaused("nobody", true)).toBe(false);
        await dags.setNextRuns(new Map([["etl", nextRun]]));
        await dags.putAll([{ dagId: "etl", maxActiveRuns: 3, shape: '{"a":1}', seenAt: 6 }]);
      });
      const found = { dagId: "etl", isPaused: true, nextRun, maxActiveRuns: 3, shape: '{"a":1}', seenAt: 6 };
      expect(await stage().store.read(({ dags }) => dags.all())).toEqual([found]);
      await stage().putDag("other");
      expect(await stage().store.read(({ dags }) => dags.findAll(["none", "etl"]))).toEqual([found]);
      await stage().store.write(({ dags }) => dags.setNextRuns(new Map([["etl", null]])));
      expect(await stage().store.read(({ dags }) => dags.find("etl"))).toEqual({ ...found, nextRun: null });
    });

    it("are due by their next run, unless paused, without code here, or full", async () => {
      const next = (runAfter: number) => ({ runAfter, logicalDate: 1, intervalStart: 1, intervalEnd: 1 });
      for (const [dagId, at] of [
        ["late", 5],
        ["later", 9],
        ["paused", 1],
        ["full", 1],
        ["elsewhere", 1],
      ] as const) {
        await stage().putDag(dagId, 1);
        await stage().store.write(({ dags }) => dags.setNextRuns(new Map([[dagId, next(at)]])));
      }
      await stage().putDag("never");
      await stage().store.write(({ dags }) => dags.setPaused("paused", true));
      await stage().addRuns(run("full", 1, { state: "queued" }), run("late", 1, { state: "success" }));
      await stage().addRuns(run("late", 2, { runType: "backfill", runId: "b", backfillId: "x" }));
      const here = ["late", "later", "paused", "full", "never"];
      const due = (now: number, limit: number) =>
        stage().store.write(async ({ dags }) => (await dags.takeDue(now, limit, here)).map(({ dagId }) => dagId));
      expect(await due(9, 10)).toEqual(["late", "later"]);
      expect(await due(9, 1)).toEqual(["late"]);
      expect(await due(4, 10)).toEqual([]);
    });
  });

  describe("runs", () => {
    it("are made once for each id, and a scheduled one for each date", async () => {
      const whole = run("etl", 1, { params: { a: [1, "ü"] }, startedAt: 2, endedAt: 3, lookAt: null, state: "failed" });
      await stage().store.write(async ({ runs }) => {
        expect(await runs.add(whole)).toBe(true);
        expect(await runs.add(whole)).toBe(false);
        expect(await runs.add({ ...whole, runId: "again" })).toBe(false);
        expect(await runs.add({ ...whole, runId: "by hand", runType: "manual" })).toBe(true);
        expect(await runs.add({ ...whole, dagId: "other" })).toBe(true);
      });
      expect(await stage().store.read(({ runs }) => runs.find(whole))).toEqual(whole);
      expect(await stage().store.read(({ runs }) => runs.find({ dagId: "etl", runId: "none" }))).toBeNull();
    });

    it("are listed by date, of a DAG, of a backfill and in a state", async () => {
      await stage().addRuns(run("etl", 2), run("etl", 3, { state: "success" }), run("etl", 1, { backfillId: "b" }), run("other", 9));
      const listed = (filter: Parameters<Parameters<Parameters<DagStore["read"]>[0]>[0]["runs"]["list"]>[0]) =>
        stage().store.read(async ({ runs }) => (await runs.list(filter)).map(({ runId }) => runId));
      expect(await listed({ limit: 10 })).toEqual(["scheduled__9", "scheduled__3", "scheduled__2", "scheduled__1"]);
      expect(await listed({ dagId: "etl", limit: 2 })).toEqual(["scheduled__3", "scheduled__2"]);
      expect(await listed({ dagId: "etl", states: ["running", "queued"], limit: 9 })).toEqual(["scheduled__2", "scheduled__1"]);
      expect(await listed({ states: ["success"], limit: 9 })).toEqual(["scheduled__3"]);
      expect(await listed({ backfillId: "b", limit: 9 })).toEqual(["scheduled__1"]);
      expect((await stage().store.read(({ runs }) => runs.before(run("etl", 3))))?.runId).toBe("scheduled__2");
      expect(await stage().store.read(({ runs }) => runs.before(run("etl", 1)))).toBeNull();
    });

    it("are forgotten when they ended long ago, but for the last ones and those with an unfinished log", async () => {
      const ended = { state: "success", endedAt: 10 } as const;
      const old = [run("etl", 1, ended), run("etl", 2, { ...ended, state: "failed" }), run("etl", 3, { ...ended, runType: "manual" })];
      const kept = [
        run("etl", 4, { ...ended, runId: "unlogged" }),
        run("etl", 5, { ...ended, endedAt: 11 }),
        run("etl", 6),
        run("etl", 7, ended),
        run("etl", 8, { ...ended, runType: "manual" }),
        run("other", 1, ended),
      ];
      await stage().addRuns(...old, ...kept);
      const task = { taskId: "a", mapIndex: -1 };
      for (const each of [old[0]!, kept[0]!]) {
        const place = { dagId: each.dagId, runId: each.runId, ...task };
        await stage().addAll(instance(each, "a"));
        await stage().store.write(async ({ tries, xcoms }) => {
          await tries.add({ ...place, tryNumber: 1, state: "success", hostname: "h", startedAt: 1, endedAt: 2, reason: null });
          await xcoms.put({ ...place, key: "return_value", value: "1" });
        });
      }
      const { dagId, runId } = kept[0]!;
      await stage().store.write(({ unlogged }) => unlogged.putAll([{ dagId, runId, mark: "m" }]));
      expect(await cleanRuns(stage().store, 11)).toBe(3);
      expect(await cleanRuns(stage().store, 11)).toBe(0);
      const left = await stage().store.read(({ runs }) => runs.list({ limit: 20 }));
      expect(left.map((each) => `${each.dagId} ${each.runId}`).sort()).toEqual(kept.map((each) => `${each.dagId} ${each.runId}`).sort());
      const hanging = (of: RunRecord) =>
        stage().store.read(async ({ instances, tries, xcoms }) => [
          (await instances.ofRun(of)).length,
          (await tries.ofRun(of)).length,
          (await xcoms.ofTask(of, "a", "return_value")).length,
        ]);
      expect([await hanging(old[0]!), await hanging(kept[0]!)]).toEqual([
        [0, 0, 0],
        [1, 1, 1],
      ]);
    });

    it("are added and changed many at once; those that are there already stay as they are", async () => {
      const [there, twin] = [run("etl", 1, { params: { a: "1" } }), run("etl", 1, { runId: "twin" })];
      const many = Array.from({ length: 30 }, (_, at) => run("etl", at + 2, { params: { at, text: 'ü "\\' }, lookAt: null }));
      await stage().addRuns(there);
      const changes = many.map((each, at) => ({
        run: each,
        fields: at < 10 ? { lookAt: at } : ({ state: "success", endedAt: at } as const),
      }));
      await stage().store.write(async ({ runs }) => {
        await runs.addAll([{ ...there, state: "queued" }, twin, ...many]);
        await runs.setAll(changes);
        for (const nobody of [[], [{ run: twin, fields: { lookAt: 1 } }]]) await runs.setAll(nobody);
      });
      const found = await stage().store.read(({ runs }) => runs.list({ limit: 99 }));
      expect(found).toEqual([...many.map((each, at) => ({ ...each, ...changes[at]!.fields })).reverse(), there]);
    });

    it("know the last one that a schedule made", async () => {
      await stage().addRuns(run("etl", 2), run("etl", 1), run("etl", 3, { runType: "manual", runId: "m" }), run("other", 9));
      const last = await stage().store.read(({ runs }) => runs.lastScheduled(["other", "none", "etl"]));
      expect(last).toHaveLength(2);
      expect(last).toEqual(expect.arrayContaining([run("etl", 2), run("other", 9)]));
      expect(await stage().store.read(({ runs }) => runs.lastScheduled([]))).toEqual([]);
    });

    it("are told of each DAG, the latest ones, as they are listed", async () => {
      for (const dagId of ["etl", "one", "none"]) await stage().putDag(dagId);
      const twins = [1, 2, 3].map((n) => run("etl", 5, { runType: "manual", runId: `m${n}`, createdAt: n === 3 ? 9 : 8 }));
      await stage().addRuns(run("etl", 4), run("etl", 6), ...twins, run("one", 1));
      const latest = (count: number) => stage().store.read(({ runs }) => runs.latest(count));
      expect([...(await latest(3))]).toEqual([
        ["etl", [run("etl", 6), twins[2], twins[0]]],
        ["one", [run("one", 1)]],
      ]);
      for (const count of [1, 2, 4, 5, 9]) {
        const listed = await stage().store.read(({ runs }) => runs.list({ dagId: "etl", limit: count }));
        expect((await latest(count)).get("etl")).toEqual(listed);
      }
    });

    it("are looked at when they run and their time has come, the longest waiting first, and woken to an earlier time alone", async () => {
      const at = (day: number, lookAt: number | null, state: RunRecord["state"] = "running") => run("etl", day, { lookAt, state });
      await stage().addRuns(at(1, 20), at(2, 10), at(3, null), at(4, 5, "queued"), at(5, 5, "success"), run("elsewhere", 1));
      const ready = (now: number, limit = 9) =>
        stage().store.write(async ({ runs }) => (await runs.takeReady(now, limit, ["etl"])).map(({ runId }) => runId));
      expect(await ready(15)).toEqual(["scheduled__2"]);
      expect(await ready(20)).toEqual(["scheduled__2", "scheduled__1"]);
      expect(await ready(20, 1)).toEqual(["scheduled__2"]);
      await stage().store.write(async ({ runs }) => {
        await runs.wake(run("etl", 3), 12);
        await runs.wake(run("etl", 1), 11);
        await runs.wake(run("etl", 2), 14);
        await runs.set(run("etl", 5), { lookAt: null, endedAt: 7 });
      });
      expect(await ready(20)).toEqual(["scheduled__2", "scheduled__1", "scheduled__3"]);
      expect(await stage().store.read(({ runs }) => runs.find(run("etl", 5)))).toMatchObject({
        lookAt: null,
        endedAt: 7,
        state: "success",
      });
    });

    it("wait by date, a reverse backfill's the other way round, and are counted of each", async () => {
      const queued = (day: number, backfillId: string | null) => run("etl", day, { state: "queued", runId: `q${day}`, backfillId });
      await stage().addRuns(
        queued(2, null),
        queued(1, null),
        queued(4, "b"),
        queued(5, "b"),
        queued(7, "c"),
        queued(8, "c"),
        run("etl", 3),
      );
      const backfill = { dagId: "etl", fromDate: 1, toDate: 2, maxActiveRuns: 2, reprocess: "failed", createdAt: 3 } as const;
      await stage().store.write(async ({ backfills }) => {
        await backfills.add({ ...backfill, backfillId: "b", reverse: true });
        await backfills.add({ ...backfill, backfillId: "c", reverse: false, createdAt: 4 });
      });
      const waiting = (backfillId: string | null) =>
        stage().store.write(async ({ runs }) => (await runs.takeQueued("etl", backfillId, 9)).map(({ runId }) => runId));
      expect(await waiting(null)).toEqual(["q1", "q2"]);
      expect(await waiting("b")).toEqual(["q5", "q4"]);
      expect(await waiting("c")).toEqual(["q7", "q8"]);
      const counted = await stage().store.read(({ runs }) => runs.countActive());
      expect(counted).toHaveLength(3);
      expect(counted).toEqual(
        expect.arrayContaining([
          { dagId: "etl", backfillId: null, queued: 2, running: 1 },
          { dagId: "etl", backfillId: "b", queued: 2, running: 0 },
          { dagId: "etl", backfillId: "c", queued: 2, running: 0 },
        ]),
      );
      expect(await stage().store.read(({ backfills }) => backfills.find("b"))).toEqual({ ...backfill, backfillId: "b", reverse: true });
      expect((await stage().store.read(({ backfills }) => backfills.ofDag("etl"))).map(({ backfillId }) => backfillId)).toEqual(["c", "b"]);
    });
  });
}
