/**
 * The conformance suite of schedule stores: what `packages/core/src/schedule-store.ts` promises, run against every driver.
 * A driver's test file calls `describeScheduleStore` with a function that opens a world of its own.
 */
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pagesOf, type ScheduleStore } from "../../packages/core/src/schedule-store.ts";
import { digestOf, type EntryDefinition } from "../../packages/core/src/stored-entry.ts";
import { eventually } from "../support/eventually.ts";

export interface ScheduleStoreWorld {
  /** Another driver on the same store, as another process would have it. */
  open(app?: string): ScheduleStore;
  close(): Promise<void>;
}

const longMs = 60_000;

function entry(name: string, changes: Partial<EntryDefinition> = {}): EntryDefinition {
  return {
    name,
    schedule: { kind: "interval", everyMs: 1_000, relative: false, offsetMs: 0 },
    call: { task: "shop.add", args: [1, []], kwargs: {}, options: { queue: "mail" }, subtask_type: null, immutable: true },
    ...{ enabled: true, startAt: null, endAt: null, maxRuns: null, jitterMs: 0, catchUp: "last", deadlineMs: null, overlap: "allow" },
    ...changes,
  };
}

export function describeScheduleStore(name: string, openWorld: () => Promise<ScheduleStoreWorld>): void {
  describe(`schedule store: ${name}`, () => {
    let world: ScheduleStoreWorld;
    let one: ScheduleStore;
    let other: ScheduleStore;
    beforeEach(async () => {
      world = await openWorld();
      one = world.open();
      other = world.open();
    });
    afterEach(async () => {
      await Promise.all([one.close(), other.close()]);
      await world.close();
    });

    const names = async (store: ScheduleStore, since = 0) =>
      (await store.read(since)).entries.map(({ definition }) => definition.name).sort();
    const only = async (store: ScheduleStore) => (await store.read(0)).entries[0]!;
    const tick = (entryName: string, dueAt: number) => ({ name: entryName, dueAt, taskId: `${entryName}@${dueAt}` });

    it("gives the lead to one holder at a time, and the same token as long as that one has it", async () => {
      const first = await one.lead("a", longMs);
      expect(first.token).toEqual(expect.any(Number));
      expect(await other.lead("b", longMs)).toMatchObject({ token: null });
      expect(await one.lead("a", longMs)).toMatchObject({ token: first.token });
      expect(Math.abs(first.now - Date.now())).toBeLessThan(5_000);
    });

    it("gives the lead to exactly one of many who ask at once", async () => {
      const asked = await Promise.all(Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? one : other).lead(`${at}`, longMs)));
      expect(asked.filter(({ token }) => token !== null)).toHaveLength(1);
    });

    it("gives the lead on with a higher token when it was given back, and when it ran out", async () => {
      const { token: first } = await one.lead("a", longMs);
      await other.resign("b");
      expect(await other.lead("b", longMs)).toMatchObject({ token: null });
      await one.resign("a");
      const { token: second } = await other.lead("b", 20);
      expect(second).toBeGreaterThan(first!);
      await eventually(async () => expect((await one.lead("a", longMs)).token).toBeGreaterThan(second!));
    });

    it("keeps entries as they were put, and tells what was changed since", async () => {
      const definition = entry("x", { schedule: { kind: "clocked", at: 9_999_999_999_999 }, startAt: 5, catchUp: "all" });
      expect(await one.put("runtime", [definition, entry("y")])).toEqual([]);
      const { revision, entries } = await other.read(0);
      expect(entries.find((each) => each.definition.name === "x")).toMatchObject({
        ...{ source: "runtime", definition, paused: false, lastDueAt: null, lastSentAt: null, lastTaskId: null, runs: 0 },
      });
      expect(await names(other, revision)).toEqual([]);
      await one.put("runtime", [entry("y", { maxRuns: 3 })]);
      expect(await names(other, revision)).toEqual(["y"]);
      expect((await one.lead("a", longMs)).revision).toBeGreaterThan(revision);
    });

    it("finds one by its name, as it is read with all others", async () => {
      const { token } = await one.lead("a", longMs);
      await one.put("runtime", [entry("x"), entry("y", { maxRuns: 3 })]);
      await one.stamp(token!, [tick("x", 1_000)], []);
      await one.confirm(["x@1000"], 1_001);
      await one.setPaused("y", true);
      const { entries } = await other.read(0);
      for (const name of ["x", "y"]) expect(await other.find(name)).toEqual(entries.find(({ definition }) => definition.name === name)!);
      await one.remove("runtime", "x");
      expect([await other.find("x"), await other.find("z")]).toEqual([null, null]);
    });

    it("keeps thousands, and tells of them in pages, between which others have their turn", async () => {
      const all = Array.from({ length: 2_203 }, (_, at) => `e${at}`);
      let turns = 0;
      const count = () => {
        turns++;
        counting = setImmediate(count);
      };
      let counting = setImmediate(count);
      await one.put(
        "runtime",
        all.map((each) => entry(each)),
      );
      const told: string[] = [];
      let pages = 0;
      for await (const { entries } of pagesOf(other.read, 0)) {
        pages++;
        told.push(...entries.map(({ definition }) => definition.name));
      }
      clearImmediate(counting);
      expect(told).toEqual(all);
      expect(turns).toBeGreaterThanOrEqual(pages);
    });

    it("tells once more, in the pages since, of what changed and of what went while others were looked at", async () => {
      await one.put(
        "runtime",
        Array.from({ length: 2_203 }, (_, at) => entry(`e${at}`)),
      );
      const told = new Map<string, number | null>();
      let since = 0;
      const look = async (meanwhile: () => Promise<unknown>) => {
        for await (const { revision, entries, removed } of pagesOf(other.read, since)) {
          for (const gone of removed) told.delete(gone);
          for (const { definition } of entries) told.set(definition.name, definition.maxRuns);
          if (since === 0) await meanwhile();
          since = revision;
        }
      };
      await look(async () => {
        await one.put("runtime", [entry("e0", { maxRuns: 7 }), entry("new")]);
        for (const name of ["e1", "e2202"]) await one.remove("runtime", name);
      });
      await look(async () => {});
      expect([told.get("e0"), told.get("new"), told.has("e1"), told.has("e2202"), told.size]).toEqual([7, null, false, false, 2_202]);
    });

    it("tells who has the code no more of the code's entries than a digest, which another definition changes", async () => {
      const [x, y] = [entry("x"), entry("y")];
      await one.put("code", [x]);
      await one.put("runtime", [y]);
      const { token } = await one.lead("a", longMs);
      await one.stamp(token!, [tick("x", 1_000)], []);
      const survey = async () => new Map((await other.survey(0)).entries.map((each) => [each.definition?.name ?? "code's", each]));
      const before = await survey();
      expect(before.get("code's")).toMatchObject({ name: "x", source: "code", digest: digestOf(x), lastDueAt: 1_000, runs: 0 });
      expect(before.get("y")).toEqual(await one.find("y"));
      await one.put("code", [entry("x", { maxRuns: 1 })]);
      expect((await survey()).get("code's")).toMatchObject({ digest: digestOf(entry("x", { maxRuns: 1 })) });
      expect(digestOf(x)).not.toBe(digestOf(entry("x", { maxRuns: 1 })));
    });

    it("leaves alone what the other source has under a name", async () => {
      await one.put("runtime", [entry("x", { maxRuns: 1 })]);
      expect(await one.put("code", [entry("x"), entry("y")])).toEqual(["x"]);
      expect(await one.put("runtime", [entry("y", { maxRuns: 1 })])).toEqual(["y"]);
      const { entries } = await one.read(0);
      expect(entries.map(({ source, definition }) => [definition.name, source, definition.maxRuns]).sort()).toEqual([
        ["x", "runtime", 1],
        ["y", "code", null],
      ]);
      expect(await one.remove("code", "x")).toBe(false);
    });

    it("removes an entry with all that it ran, and tells those who had read it", async () => {
      const { token } = await one.lead("a", longMs);
      await one.put("runtime", [entry("x")]);
      await one.stamp(token!, [tick("x", 1_000)], []);
      await one.confirm(["x@1000"], 1_001);
      const { revision } = await other.read(0);
      expect(await one.remove("runtime", "x")).toBe(true);
      expect(await one.remove("runtime", "x")).toBe(false);
      expect((await other.read(revision)).removed).toEqual(["x"]);
      expect(await names(other)).toEqual([]);
      await one.put("runtime", [entry("x")]);
      expect(await only(one)).toMatchObject({ runs: 0, lastDueAt: null, lastSentAt: null });
    });

    it("tells who leads that an entry is gone, though others have read all of it meanwhile", async () => {
      await one.lead("a", longMs);
      await one.put("runtime", [entry("x")]);
      const { revision } = await one.read(0);
      await other.remove("runtime", "x");
      expect(await names(other)).toEqual([]);
      expect((await one.read(revision)).removed).toEqual(["x"]);
    });

    it("forgets what is gone when another begins to lead", async () => {
      await one.put("runtime", [entry("x")]);
      const { revision } = await one.read(0);
      await one.remove("runtime", "x");
      await other.lead("b", longMs);
      expect((await one.read(revision)).removed).toEqual([]);
    });

    it("pauses and resumes; what goes on is due from then on", async () => {
      await one.put("code", [entry("x")]);
      const { since } = await only(one);
      expect(await one.setPaused("x", true)).toBe(true);
      expect(await only(other)).toMatchObject({ paused: true, lastDueAt: null });
      await one.put("code", [entry("x", { maxRuns: 9 })]);
      expect(await only(other)).toMatchObject({ paused: true, lastDueAt: null });
      await one.setPaused("x", false);
      const { paused, lastDueAt } = await only(other);
      expect([paused, lastDueAt! >= since]).toEqual([false, true]);
      expect(await one.setPaused("z", true)).toBe(false);
    });

    it("counts due times from now on where an entry is enabled or not any more", async () => {
      await one.put("code", [entry("x", { enabled: false })]);
      const { since } = await only(one);
      for (const enabled of [true, false, true]) {
        await one.put("code", [entry("x", { enabled })]);
        const { definition, lastDueAt } = await only(other);
        expect([definition.enabled, lastDueAt! >= since]).toEqual([enabled, true]);
      }
    });

    it("counts due times from now on where the timing of an entry changes, and else not", async () => {
      await one.put("code", [entry("x")]);
      await one.put("code", [entry("x", { maxRuns: 5 })]);
      expect(await only(one)).toMatchObject({ lastDueAt: null });
      await one.put("code", [entry("x", { schedule: { kind: "interval", everyMs: 2_000, relative: false, offsetMs: 0 } })]);
      expect((await only(one)).lastDueAt).toEqual(expect.any(Number));
    });

    it("stamps for who leads, and for nobody else", async () => {
      const { token } = await one.lead("a", longMs);
      await one.put("code", [entry("x"), entry("y")]);
      expect(await other.stamp(token! + 1, [tick("x", 5)], [])).toBe("lost");
      expect(await one.stamp(token!, [tick("x", 1_000), tick("x", 2_000)], [{ name: "y", dueAt: 3_000 }])).toBe("stamped");
      expect(await other.stamped()).toEqual([tick("x", 1_000), tick("x", 2_000)]);
      const { entries } = await other.read(0);
      expect(entries.map((each) => [each.definition.name, each.lastDueAt, each.runs]).sort()).toEqual([
        ["x", 2_000, 0],
        ["y", 3_000, 0],
      ]);
      await one.resign("a");
      await other.lead("b", longMs);
      expect(await one.stamp(token!, [tick("x", 4_000)], [])).toBe("lost");
    });

    it("writes what the code of who leads declares, and of nobody else", async () => {
      const { token } = await one.lead("a", longMs);
      await one.put("runtime", [entry("own")]);
      expect(await one.put("code", [entry("x"), entry("y"), entry("own")], token!)).toEqual(["own"]);
      expect(await other.put("code", [entry("z")], token! + 1)).toBe("lost");
      await one.resign("a");
      expect(await one.put("code", [entry("z")], token!)).toBe("lost");
      await other.lead("b", longMs);
      const { revision } = await other.read(0);
      expect(await one.put("code", [entry("x", { maxRuns: 9 })], token!)).toBe("lost");
      expect(await one.remove("code", "y", token!)).toBe(false);
      const { entries, ...page } = await other.read(0);
      expect(page).toMatchObject({ revision, removed: [] });
      expect(entries.map(({ definition }) => [definition.name, definition.maxRuns]).sort()).toEqual([
        ["own", null],
        ["x", null],
        ["y", null],
      ]);
    });

    it("counts a run once, however often it is confirmed, and none that was withdrawn", async () => {
      const { token } = await one.lead("a", longMs);
      await one.put("code", [entry("x")]);
      await one.stamp(token!, [tick("x", 1_000), tick("x", 2_000)], []);
      await one.confirm(["x@1000"], 1_234);
      await other.confirm(["x@1000", "unheard"], 5_678);
      await one.withdraw(["x@2000"]);
      await one.withdraw([]);
      expect(await only(other)).toMatchObject({ runs: 1, lastSentAt: 1_234, lastTaskId: "x@1000" });
      expect(await other.stamped()).toEqual([]);
    });

    it("tells its readers nothing new of what was stamped and confirmed", async () => {
      const { token } = await one.lead("a", longMs);
      await one.put("code", [entry("x")]);
      const { revision } = await one.read(0);
      await one.stamp(token!, [tick("x", 1_000)], []);
      await one.confirm(["x@1000"], 1_234);
      expect(await one.read(revision)).toMatchObject({ revision, entries: [], removed: [] });
    });

    it("takes any text for a name", async () => {
      const odd = "nightly: a b\nc '\"ø {}";
      const { token } = await one.lead("a", longMs);
      await one.put("runtime", [entry(odd)]);
      await one.stamp(token!, [{ name: odd, dueAt: 7, taskId: "t" }], []);
      expect(await other.stamped()).toEqual([{ name: odd, dueAt: 7, taskId: "t" }]);
      await one.confirm(["t"], 8);
      expect(await only(other)).toMatchObject({ definition: { name: odd }, runs: 1 });
    });

    it("tells by which file it is, if it is one, whether two are the same", async () => {
      const file = await one.local();
      expect(await other.local()).toEqual(file);
    });

    it("keeps apps apart", async () => {
      const foreign = world.open(`another-${randomUUID()}`);
      await one.lead("a", longMs);
      await one.put("code", [entry("x")]);
      expect((await foreign.lead("b", longMs)).token).not.toBeNull();
      expect(await names(foreign)).toEqual([]);
      await foreign.close();
    });

    it("refuses everything when it was closed", async () => {
      const closed = world.open();
      await closed.close();
      await closed.close();
      await expect(closed.read(0)).rejects.toMatchObject({ code: "BROKER_CLOSED" });
    });
  });
}
