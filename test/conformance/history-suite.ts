/**
 * The conformance suite of histories: what `packages/flower/src/server/history/history.ts` promises, run against every driver.
 * A driver's test file calls `describeHistory` with a function that opens a world of its own.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Change, type History, histogramBounds, type TaskQuery } from "../../packages/flower/src/server/history/history.ts";
import type { HistoryOptions } from "../../packages/flower/src/server/history/open-history.ts";
import { parseSearch } from "../../packages/flower/src/server/search/parse.ts";
import { heard, success, type ToldEvent, taskEvent, workerEvent } from "../support/heard.ts";
import { describeUnfinished } from "./history/unfinished.ts";

export interface HistoryWorld {
  open(options?: Partial<HistoryOptions>): Promise<History>;
  /** true: it is there when it is opened again, and two may have it open at once */
  readonly isKept: boolean;
  close(): Promise<void>;
}

const base: TaskQuery = { sort: "timestamp", descending: true, limit: 50, from: 0 };

export function describeHistory(name: string, openWorld: () => Promise<HistoryWorld>): void {
  describe(`history: ${name}`, () => {
    const now = Date.now() / 1_000 - 60;
    /** of all tests that tell apart what is their own; the others have one each */
    let history: History;
    const closing: (() => Promise<void>)[] = [];
    async function openOwn(): Promise<HistoryWorld> {
      const world = await openWorld();
      closing.push(() => world.close());
      const open: HistoryWorld["open"] = async (options) => {
        const opened = await world.open(options);
        closing.push(() => opened.close());
        return opened;
      };
      return { ...world, open };
    }
    beforeAll(async () => {
      history = await (await openOwn()).open();
    });
    afterAll(async () => {
      for (const close of closing.reverse()) await close();
    });

    const uuidsIn = async (of: History, query: Partial<TaskQuery> = {}) =>
      (await of.tasks({ ...base, ...query })).tasks.map(({ uuid }) => uuid);
    const uuids = (query: Partial<TaskQuery> = {}) => uuidsIn(history, query);
    const search = (text: string) => ({ search: parseSearch(text) ?? undefined });
    async function tellTo(of: History, ...events: readonly ToldEvent[]): Promise<void> {
      for (const event of events) of.hear(heard(event));
      await of.settled();
    }
    const tell = (...events: readonly ToldEvent[]) => tellTo(history, ...events);
    /** a0 … a9, b0 … b9, each a second after the one before: the first tasks that it hears of */
    async function twenty(): Promise<void> {
      if ((await history.facts()).tasks > 0) return;
      for (let at = 0; at < 20; at += 1) {
        const kind = at < 10 ? "a" : "b";
        const facts = { name: `tasks.${kind}`, queue: at % 2 === 0 ? "even" : "odd", hostname: `w${at % 3}@box`, runtime: (at * 7) % 20 };
        history.hear(
          heard(...success(`${kind}${at % 10}`, now + at, { ...facts, args: `('word${at}', 1)`, kwargs: `{'n': ${at}, 'who': 'Ann'}` })),
        );
      }
      await history.settled();
    }

    it("knows nothing at first", async () => {
      expect(await history.tasks(base)).toEqual({ tasks: [], next: null, searched: null });
      expect(await history.task("nobody")).toBeNull();
      expect(await history.workers()).toEqual([]);
      expect(await history.facts()).toMatchObject({
        tasks: 0,
        events: 0,
        since: null,
        behind: 0,
        dropped: 0,
        trouble: null,
        setAside: null,
      });
    });

    it("lists in every order, a page at a time", async () => {
      await twenty();
      expect(await uuids({ limit: 3 })).toEqual(["b9", "b8", "b7"]);
      expect(await uuids({ limit: 3, from: 18 })).toEqual(["a1", "a0"]);
      expect(await uuids({ limit: 2, descending: false })).toEqual(["a0", "a1"]);
      expect(await uuids({ limit: 2, sort: "name" })).toEqual(["b9", "b8"]);
      expect(await uuids({ limit: 2, sort: "runtime", descending: false })).toEqual(["a0", "a3"]);
      for (const sort of ["timestamp", "name", "worker", "received", "runtime"] as const) {
        const all = await uuids({ sort });
        const paged: string[] = [];
        for (let from: number | string | null = 0; from !== null; ) {
          const { tasks, next } = await history.tasks({ ...base, sort, limit: 7, from });
          paged.push(...tasks.map(({ uuid }) => uuid));
          from = next;
        }
        expect(paged).toEqual(all);
        expect(new Set(paged).size).toBe(20);
      }
    });

    it("refuses a place that no page gave", async () => {
      await expect(history.tasks({ ...base, from: "nowhere" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    });

    it("lists those alone that fit a filter", async () => {
      await twenty();
      expect(await uuids({ name: "tasks.a", limit: 2 })).toEqual(["a9", "a8"]);
      expect(await uuids({ name: "tasks.a", queue: "odd", sort: "runtime", limit: 2 })).toEqual(["a5", "a7"]);
      expect(await uuids({ worker: "w2@box", limit: 2, from: 1 })).toEqual(["b4", "b1"]);
      expect(await uuids({ states: ["FAILURE"] })).toEqual([]);
      expect(await uuids({ states: ["failure", "SUCCESS"], limit: 1 })).toEqual(["b9"]);
      expect(await uuids({ receivedFrom: now + 3, receivedTo: now + 5 })).toEqual(["a4", "a3"]);
      expect(await history.count({ name: "tasks.a", queue: "odd" })).toEqual({ count: 5, exact: true });
      expect(await history.count({}, 10_000)).toEqual({ count: 20, exact: true });
      expect(await history.count({ queue: "odd" }, 3)).toEqual({ count: 3, exact: false });
    });

    it("finds by search, as Flower does", async () => {
      await twenty();
      expect(await uuids(search("word1"))).toEqual(["b9", "b8", "b7", "b6", "b5", "b4", "b3", "b2", "b1", "b0", "a1"]);
      expect(await uuids(search("args:WORD12"))).toEqual(["b2"]);
      expect(await uuids(search('args:"word3\', 1"'))).toEqual(["a3"]);
      expect(await uuids(search("kwargs:n=7"))).toEqual(["a7"]);
      expect(await uuids(search("kwargs:who=ann kwargs:n=11"))).toEqual(["b1"]);
      expect(await uuids(search("state:success (args:word4 OR args:word5)"))).toEqual(["a5", "a4"]);
      expect(await uuids({ ...search("queue:even -name:tasks.a"), limit: 2 })).toEqual(["b8", "b6"]);
      expect(await uuids({ ...search("word1"), limit: 2, from: 9 })).toEqual(["b0", "a1"]);
      expect(await uuids(search("100% nowhere"))).toEqual([]);
      expect(await history.count(search("word1"))).toEqual({ count: 11, exact: true });
    });

    it("puts together what it heard of a task", async () => {
      await tell(...success("whole", now, { root_id: "r", parent_id: "p" }));
      expect(await history.task("whole")).toMatchObject({
        ...{ uuid: "whole", name: "tasks.add", state: "SUCCESS", args: "(1, 2)", kwargs: "{}", result: "3", runtime: 0.25, retries: 0 },
        ...{ sent: now, received: now + 0.1, started: now + 0.2, succeeded: now + 0.5, timestamp: now + 0.5, failed: null, eta: null },
        ...{
          worker: "w1@box",
          client: "gen1@box",
          queue: "celery",
          exchange: "",
          routingKey: "celery",
          rootId: "r",
          parentId: "p",
          lostAt: null,
        },
      });
      expect(await history.events("whole")).toMatchObject([
        { type: "task-sent", timestamp: now, hostname: "gen1@box", fields: { queue: "celery" } },
        { type: "task-received", timestamp: now + 0.1 },
        { type: "task-started", timestamp: now + 0.2, hostname: "w1@box" },
        { type: "task-succeeded", timestamp: now + 0.5, fields: { result: "3", runtime: 0.25 } },
      ]);
      expect(await history.children("p")).toEqual(["whole"]);
      expect(await history.childrenOf(["nobody", "p"])).toEqual([[], ["whole"]]);
      expect(await history.taskTypes()).toContain("tasks.add");
    });

    it("goes on with a task that it has written before", async () => {
      const before = await history.facts();
      const [sent, ...rest] = success("parts", now);
      await tell(sent!);
      expect(await history.task("parts")).toMatchObject({ state: "PENDING", worker: null });
      await tell(...rest);
      expect(await history.task("parts")).toMatchObject({ state: "SUCCESS", queue: "celery" });
      expect(await history.facts()).toMatchObject({ tasks: before.tasks + 1, events: before.events + 4 });
    });

    it("passes over what is no event", async () => {
      const before = await history.facts();
      const broken = { headers: {}, contentType: "application/json" };
      history.hear({ ...broken, body: Buffer.from("{") });
      history.hear({ ...broken, body: Buffer.from('[1, null, {"type": "task-sent"}, {"type": 3}]') });
      history.hear({ ...broken, contentType: "application/x-python-serialize", body: Buffer.from("no") });
      await tell(...success("after", now));
      expect(await history.facts()).toMatchObject({ tasks: before.tasks + 1, events: before.events + 4 });
    });

    it("keeps no secrets", async () => {
      await tell(...success("secret", now, { kwargs: "{'password': 'hunter2', 'n': 1}", result: "'redis://u:hunter2@box'" }));
      const found = JSON.stringify([await history.task("secret"), await history.events("secret")]);
      expect(found).not.toContain("hunter2");
      expect(found).toContain("'n': 1");
    });

    it("finds what is written with other letters, signs and cases", async () => {
      await tell(...success("greek", now, { args: "('Größe a<b&c 50%_', 'Ελλάς')" }));
      await tell(...success("latin", now, { args: "('Grosse a.b.c 500')" }));
      for (const found of ["args:größe", "GRÖSSE", "GRÖßE", 'args:"a<b&c"', "args:50%_", "ελλάς"])
        expect([found, await uuids(search(found))]).toEqual([found, found === "GRÖSSE" ? [] : ["greek"]]);
      expect(await uuids(search("args:gro -args:größe"))).toEqual(["latin"]);
    });

    it("says how far it came when a search takes too long, and goes on from there", async () => {
      const hasty = await (await openOwn()).open({ searchBudgetMs: 0 });
      for (let at = 0; at < 3_000; at += 1)
        hasty.hear(heard(taskEvent("received", `t${at}`, now + at / 1_000, { name: "tasks.many", args: at === 0 ? "('needle',)" : "()" })));
      await hasty.settled();
      const first = await hasty.tasks({ ...base, ...search("needle") });
      expect(first).toMatchObject({ tasks: [], searched: 1_000 });
      expect((await hasty.count(search("needle"))).exact).toBe(false);
      let found = 0;
      for (let from = first.next; from !== null; ) {
        const page = await hasty.tasks({ ...base, ...search("needle"), from });
        found += page.tasks.length;
        from = page.next;
      }
      expect(found).toBe(1);
    });

    it("knows who is there, and what each has told", async () => {
      const own = await (await openOwn()).open();
      const at = Date.now() / 1_000;
      await tellTo(own, workerEvent("online", "w1@box", at - 1), workerEvent("heartbeat", "w1@box", at, { active: 3, processed: 9 }));
      await tellTo(own, workerEvent("online", "w2@box", at), workerEvent("offline", "w2@box", at + 0.1), ...success("t1", at));
      const [w1, w2, ...others] = await own.workers();
      expect(w1).toMatchObject({
        hostname: "w1@box",
        online: true,
        active: 3,
        processed: 9,
        freq: 2,
        heardAt: at,
        loadavg: [0.1, 0.2, 0.3],
      });
      expect(w1!.counts).toEqual({ "worker-online": 1, "worker-heartbeat": 1, "task-received": 1, "task-started": 1, "task-succeeded": 1 });
      expect(w1!.heartbeats.length).toBeLessThanOrEqual(4);
      expect(w2).toMatchObject({ hostname: "w2@box", online: false, heartbeats: [] });
      expect(others).toEqual([]);
      expect(await own.forgetWorkers(3_600)).toEqual([]);
      expect(await own.forgetWorkers(-3_600)).toEqual(["w2@box"]);
      expect((await own.workers()).map(({ hostname }) => hostname)).toEqual(["w1@box"]);
    });

    it("counts by the minute and the hour, by name and queue", async () => {
      const own = await (await openOwn()).open();
      const at = Math.floor(now / 3_600) * 3_600 - 3_600;
      for (let n = 0; n < 3; n += 1)
        await tellTo(own, ...success(`s${n}`, at + 60 * n, { runtime: 0.2, name: n === 2 ? "tasks.b" : "tasks.add" }));
      await tellTo(own, taskEvent("failed", "f", at, { name: "tasks.add", exception: "ValueError('x')" }));
      const minutes = await own.series({ from: at, to: at + 240, step: 60 });
      expect(minutes.map(({ succeeded, failed }) => [succeeded, failed])).toEqual([
        [1, 1],
        [1, 0],
        [1, 0],
        [0, 0],
      ]);
      expect(minutes[0]).toMatchObject({ at, received: 1, retried: 0, revoked: 0 });
      expect(minutes[0]!.wait.reduce((a, b) => a + b)).toBe(1);
      const [hourly] = await own.series({ from: at, to: at + 3_600, step: 3_600 });
      expect(hourly).toMatchObject({ at, succeeded: 3, failed: 1 });
      expect(hourly!.run[histogramBounds.indexOf(0.25)]).toBe(3);
      expect((await own.series({ from: at, to: at + 3_600, step: 3_600, name: "tasks.b" }))[0]).toMatchObject({
        succeeded: 1,
        failed: 0,
      });
      expect((await own.types({ from: at, to: at + 3_600 })).map((type) => [type.name, type.succeeded, type.failed])).toEqual([
        ["tasks.b", 1, 0],
        ["tasks.add", 2, 1],
      ]);
    });

    it("gives as many points as were asked for, and counts no name beyond the two thousandth", async () => {
      const own = await (await openOwn()).open();
      for (let n = 0; n < 2_100; n += 1) own.hear(heard(taskEvent("received", `t${n}`, now, { name: `tasks.n${n}` })));
      await own.settled();
      expect(await own.taskTypes()).toHaveLength(2_000);
      const types = await own.types({ from: now - 60, to: now + 60 });
      expect(types).toHaveLength(2_001);
      expect(types.find(({ name: type }) => type === "_other")).toMatchObject({ received: 100 });
      expect(await uuidsIn(own, { name: "tasks.n2099" })).toEqual(["t2099"]);
    });

    it("tells who follows what has changed, and no more when that ends", async () => {
      const changes: Change[] = [];
      const end = history.follow((change) => changes.push(change));
      await tell(...success("followed", now), workerEvent("heartbeat", "w7@box", now + 1));
      await expect.poll(() => changes.flatMap(({ tasks }) => tasks).at(-1)).toMatchObject({ uuid: "followed", state: "SUCCESS" });
      await expect.poll(() => changes.flatMap(({ workers }) => workers).at(-1)).toMatchObject({ hostname: "w7@box", heardAt: now + 1 });
      const counted = changes.flatMap((change) => change.counted);
      expect(counted.map(({ type, count }) => [type, count])).toEqual([
        ["task-sent", 1],
        ["task-received", 1],
        ["task-started", 1],
        ["task-succeeded", 1],
      ]);
      expect(counted[2]!.prefetch).toBeCloseTo(0.1);
      expect(counted[3]).toMatchObject({ task: "tasks.add", worker: "w1@box", runtime: 0.25, hasEta: false });
      end();
      const before = changes.length;
      await tell(...success("unfollowed", now));
      await history.task("unfollowed");
      expect(changes).toHaveLength(before);
    });

    describeUnfinished(async () => (await openOwn()).open());

    it("notes who did what", async () => {
      const entry = (at: number, refusal: string | null) => ({
        at,
        user: "ann",
        address: "::1",
        action: "revoke",
        target: "t1",
        refusal,
        details: { at },
      });
      await history.note(entry(1, null));
      await history.note(entry(2, "Read only mode is enabled"));
      expect(await history.audit(10)).toEqual([entry(2, "Read only mode is enabled"), entry(1, null)]);
      expect(await history.audit(1)).toHaveLength(1);
      expect(await history.audit(10, 2)).toEqual([entry(1, null)]);
    });

    it("keeps so many tasks, the newest", async () => {
      const small = await (await openOwn()).open({ limits: { tasks: 5 } });
      for (let n = 0; n < 20; n += 1) small.hear(heard(...success(`t${n}`, now + n)));
      await small.settled();
      await expect.poll(async () => (await small.facts()).tasks).toBe(5);
      expect((await small.tasks(base)).tasks.map(({ uuid }) => uuid)).toEqual(["t19", "t18", "t17", "t16", "t15"]);
      expect(await small.events("t1")).toEqual([]);
      expect(await small.facts()).toMatchObject({ events: 20 });
    });

    it("keeps tasks for so many days", async () => {
      const short = await (await openOwn()).open({ limits: { days: 1 } });
      short.hear(heard(...success("old", now - 90_000), ...success("new", now)));
      await short.settled();
      await expect.poll(async () => (await short.tasks(base)).tasks.map(({ uuid }) => uuid)).toEqual(["new"]);
    });

    it("ends once, and answers nothing more", async () => {
      const closed = await (await openOwn()).open();
      await Promise.all([closed.close(), closed.close()]);
      closed.hear(heard(...success("t1", now)));
      await expect(closed.task("t1")).rejects.toMatchObject({ code: "BROKER_CLOSED" });
    });

    it("is there again with all that was heard", async () => {
      const world = await openOwn();
      if (!world.isKept) return;
      const first = await world.open();
      await tellTo(first, ...success("t1", now), workerEvent("heartbeat", "w1@box", now));
      first.hear(heard(...success("t2", now)));
      await first.close();
      const second = await world.open();
      expect(await uuidsIn(second)).toEqual(["t2", "t1"]);
      expect((await second.workers())[0]!.counts).toMatchObject({ "task-succeeded": 2, "worker-heartbeat": 1 });
      await tellTo(second, ...success("t3", now));
      expect((await second.workers())[0]!.counts).toMatchObject({ "task-succeeded": 3 });
    });

    it("counts once what two monitors hear", async () => {
      const world = await openOwn();
      if (!world.isKept) return;
      const one = await world.open();
      const other = await world.open();
      for (let n = 0; n < 20; n += 1) {
        const events = [...success(`t${n}`, now + n), workerEvent("heartbeat", "w1@box", now + n)];
        for (const [at, event] of events.entries()) {
          one.hear(heard(event));
          other.hear(heard(event));
          // Each is ahead of the other at times.
          if ((n + at) % 3 === 0) await (n % 2 === 0 ? one : other).settled();
        }
      }
      await Promise.all([one.settled(), other.settled()]);
      for (const each of [one, other]) {
        expect(await each.facts()).toMatchObject({ tasks: 20, events: 80, trouble: null });
        expect((await each.workers())[0]!.counts).toMatchObject({ "task-succeeded": 20, "worker-heartbeat": 20 });
        expect((await each.types({ from: now - 60, to: now + 120 }))[0]).toMatchObject({ received: 20, succeeded: 20 });
      }
    });
  });
}
