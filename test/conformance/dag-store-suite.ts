/**
 * The conformance suite of DAG stores: what `packages/airflow-bridge/src/dag/store/store.ts` promises, run against every database.
 * A database's test calls `describeDagStore` with a function that opens a world of its own.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DagStore } from "../../packages/airflow-bridge/src/dag/store/store.ts";
import { describeInstances } from "./dag-store/instances.ts";
import { describeRuns } from "./dag-store/runs.ts";
import { type DagStoreWorld, instance, run, Stage } from "./dag-store/world.ts";

export function describeDagStore(name: string, openWorld: () => Promise<DagStoreWorld>): void {
  describe(`DAG store: ${name}`, () => {
    let current: Stage;
    const stage = () => current;
    beforeEach(async () => {
      current = new Stage(await openWorld());
    });
    afterEach(() => current.close());

    describeRuns(stage);
    describeInstances(stage);

    describe("a transaction", () => {
      it("is there as a whole, or not at all, and what its body throws is told as it is", async () => {
        const cause = new Error("thought better of it");
        const failed = stage().store.write(async ({ variables }) => {
          await variables.put("a", "1");
          throw cause;
        });
        await expect(failed).rejects.toBe(cause);
        await stage().store.write(async ({ variables }) => {
          await variables.put("b", "2");
          expect(await variables.find("b")).toBe("2");
        });
        expect(await stage().store.read(({ variables }) => variables.all())).toEqual(new Map([["b", "2"]]));
      });

      it("runs beside others without losing what one of them wrote", async () => {
        const stores = stage().several(3);
        await stage().store.write(({ pools }) => pools.put({ name: "count", slots: 0, includeDeferred: false }));
        const addOne = (each: DagStore) =>
          each.write(async ({ pools }) => {
            const pool = (await pools.takeAll()).find((found) => found.name === "count")!;
            await pools.put({ ...pool, slots: pool.slots + 1 });
          });
        await Promise.all(Array.from({ length: 30 }, (_, at) => addOne(stores[at % stores.length]!)));
        const pools = await stage().store.read((tables) => tables.pools.all());
        expect(pools).toContainEqual({ name: "count", slots: 30, includeDeferred: false });
      });

      it("refuses a statement with a code, and the next one goes well", async () => {
        const broken = { dagId: null as unknown as string, maxActiveRuns: 1, shape: "", seenAt: 0 };
        await expect(stage().store.write(({ dags }) => dags.putAll([broken]))).rejects.toMatchObject({
          code: "DAG_STORE_REFUSED",
          cause: expect.any(Error),
        });
        await stage().putDag("etl");
        expect(await stage().store.read(({ dags }) => dags.find("etl"))).not.toBeNull();
      });

      it("is refused once the store is closed", async () => {
        await stage().store.close();
        await expect(stage().store.read(({ dags }) => dags.all())).rejects.toMatchObject({ code: "DAG_STORE_CLOSED" });
        await stage().store.close();
      });

      it("takes texts that no database has, and dates that are not whole", async () => {
        await stage().addRuns(run("etl", 1));
        await stage().addAll(instance(run("etl", 1), "a", { reason: "a\0b\ud800c", nextAt: 1.5 }));
        const [found] = await stage().store.read(({ instances }) => instances.ofRun(run("etl", 1)));
        expect(found).toMatchObject({ reason: "a\ufffdb\ufffdc", nextAt: 2 });
      });
    });

    it("keeps a log row for each try, and what tasks gave", async () => {
      const of = run("etl", 1);
      const place = { dagId: of.dagId, runId: of.runId, taskId: "a" };
      const row = {
        ...place,
        mapIndex: -1,
        tryNumber: 1,
        state: "failed",
        hostname: "h",
        startedAt: 1,
        endedAt: 2,
        reason: "boom",
      } as const;
      await stage().store.write(async ({ tries, xcoms }) => {
        await tries.add({ ...row, tryNumber: 2, reason: "once more" });
        await tries.add({ ...row, state: "success", reason: null });
        await tries.add(row);
        for (const mapIndex of [1, 0]) await xcoms.put({ ...place, mapIndex, key: "return_value", value: `${mapIndex}` });
        await xcoms.put({ ...place, mapIndex: 0, key: "other", value: '"x"' });
        await xcoms.put({ ...place, mapIndex: 1, key: "return_value", value: '{"n":1}' });
      });
      expect(await stage().store.read(({ tries }) => tries.ofRun(of))).toEqual([row, { ...row, tryNumber: 2, reason: "once more" }]);
      const values = async () => (await stage().store.read(({ xcoms }) => xcoms.ofTask(of, "a", "return_value"))).map(({ value }) => value);
      expect(await values()).toEqual(["0", '{"n":1}']);
      await stage().store.write(({ xcoms }) => xcoms.clear({ ...place, mapIndex: 0 }));
      expect(await values()).toEqual(['{"n":1}']);
      expect(await stage().store.read(({ xcoms }) => xcoms.ofTask(of, "a", "other"))).toEqual([]);
    });

    it("keeps runs that are not logged yet, until they are as they were listed", async () => {
      const { store } = stage();
      const row = (runId: string, mark: string) => ({ dagId: "etl", runId, mark });
      await store.write(async ({ unlogged }) => {
        await unlogged.putAll([row("b", "1"), row("a", "1"), { ...row("a", "1"), dagId: "other" }]);
        await unlogged.putAll([row("b", "2")]);
      });
      const listed = () => store.read(({ unlogged }) => unlogged.list(10, ["etl"]));
      expect((await listed()).toSorted((one, other) => (one.runId < other.runId ? -1 : 1))).toEqual([row("a", "1"), row("b", "2")]);
      await store.write(({ unlogged }) => unlogged.removeAll([row("a", "1"), row("b", "1")]));
      expect(await listed()).toEqual([row("b", "2")]);
      expect(await store.read(({ unlogged }) => unlogged.list(0, ["etl"]))).toEqual([]);
    });

    it("keeps pools, of which the default one stays", async () => {
      const given = { name: "db", slots: 2, includeDeferred: true };
      await stage().store.write(async ({ pools }) => {
        await pools.put({ ...given, slots: 1, includeDeferred: false });
        await pools.put(given);
        expect(await pools.remove("default_pool")).toBe(false);
        expect(await pools.takeAll()).toHaveLength(2);
      });
      expect(await stage().store.read(({ pools }) => pools.all())).toEqual([
        given,
        { name: "default_pool", slots: 128, includeDeferred: false },
      ]);
      await stage().store.write(async ({ pools }) => expect([await pools.remove("db"), await pools.remove("db")]).toEqual([true, false]));
    });

    it("keeps schedulers, and gives those that are silent", async () => {
      const [one, two] = ["s1", "s2"].map((id, at) => ({ id, hostname: "h", startedAt: at, heartbeatAt: at * 10 }));
      await stage().store.write(async ({ schedulers }) => {
        await schedulers.put({ ...two!, heartbeatAt: 0 });
        await schedulers.put(one!);
        await schedulers.put(two!);
        expect(await schedulers.takeSilent(10)).toEqual([one]);
        expect([await schedulers.remove("s1"), await schedulers.remove("s1")]).toEqual([true, false]);
      });
      expect(await stage().store.read(({ schedulers }) => schedulers.all())).toEqual([two]);
    });

    it("keeps connections and variables", async () => {
      const plain = { id: "b", type: "http", host: "h", login: null, password: null, port: null, schema: null, extra: {} };
      const whole = { id: "a", type: "postgres", host: "db", login: "me", password: "s3", port: 5432, schema: "x", extra: { ssl: [1] } };
      await stage().store.write(async ({ connections, variables }) => {
        await connections.put({ ...plain, id: "a" });
        for (const each of [whole, plain]) await connections.put(each);
        await variables.put("k", "1");
        await variables.put("k", "2");
      });
      expect(await stage().store.read(({ connections }) => connections.all())).toEqual([whole, plain]);
      expect(await stage().store.read(({ connections }) => connections.find("b"))).toEqual(plain);
      expect(await stage().store.read(({ variables }) => variables.find("k"))).toBe("2");
      await stage().store.write(async ({ connections, variables }) => {
        expect([await connections.remove("a"), await connections.remove("a")]).toEqual([true, false]);
        expect([await variables.remove("k"), await variables.remove("k")]).toEqual([true, false]);
      });
      expect(await stage().store.read(({ connections }) => connections.find("a"))).toBeNull();
      expect(await stage().store.read(({ variables }) => variables.find("k"))).toBeNull();
    });
  });
}
