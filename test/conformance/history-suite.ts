/**
 * The conformance suite of histories: what `packages/flower/src/server/history/history.ts` promises, run against every driver.
 * A driver's test file calls `describeHistory` with a function that opens a world of its own.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Change, type History, histogramBounds, type TaskQuery } from "../../packages/flower/src/server/history/history.ts";
import type { HistoryOptions } from "../../packages/flower/src/server/history/open-history.ts";
import { parseSearch } from "../../packages/flower/src/server/search/parse.ts";
import { heard, success, type ToldEvent, taskEvent, workerEvent } from "../support/heard.ts";

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
    let world: HistoryWorld;
    let history: History;
    beforeEach(async () => {
      world = await openWorld();
      history = await world.open();
    });
    afterEach(async () => {
      await history.close();
      await world.close();
    });

    const uuids = async (query: Partial<TaskQuery> = {}) => (await history.tasks({ ...base, ...query })).tasks.map(({ uuid }) => uuid);
    const search = (text: string) => ({ search: parseSearch(text) ?? undefined });
    async function tell(...events: readonly ToldEvent[]): Promise<void> {
      for (const event of events) history.hear(heard(event));
      await history.settled();
    }
    /** a0 … a9, b0 … b9, each a second after the one before */
    async function twenty(): Promise<void> {
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

    it("puts together what it heard of a task", async () => {
      await tell(...success("t1", now, { root_id: "r", parent_id: "p" }));
      expect(await history.task("t1")).toMatchObject({
        ...{ uuid: "t1", name: "tasks.add", state: "SUCCESS", args: "(1, 2)", kwargs: "{}", result: "3", runtime: 0.25, retries: 0 },
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
      expect(await history.events("t1")).toMatchObject([
        { type: "task-sent", timestamp: now, hostname: "gen1@box", fields: { queue: "celery" } },
        { type: "task-received", timestamp: now + 0.1 },
        { type: "task-started", timestamp: now + 0.2, hostname: "w1@box" },
        { type: "task-succeeded", timestamp: now + 0.5, fields: { result: "3", runtime: 0.25 } },
      ]);
      expect(await history.children("p")).toEqual(["t1"]);
      expect(await history.taskTypes()).toEqual(["tasks.add"]);
    });

    it("goes on with a task that it has written before", async () => {
      const [sent, ...rest] = success("t1", now);
      await tell(sent!);
      expect(await history.task("t1")).toMatchObject({ state: "PENDING", worker: null });
      await tell(...rest);
      expect(await history.task("t1")).toMatchObject({ state: "SUCCESS", queue: "celery" });
      expect(await history.facts()).toMatchObject({ tasks: 1, events: 4 });
    });

    it("passes over what is no event", async () => {
      const broken = { headers: {}, contentType: "application/json" };
      history.hear({ ...broken, body: Buffer.from("{") });
      history.hear({ ...broken, body: Buffer.from('[1, null, {"type": "task-sent"}, {"type": 3}]') });
      history.hear({ ...broken, contentType: "application/x-python-serialize", body: Buffer.from("no") });
      await tell(...success("t1", now));
      expect(await history.facts()).toMatchObject({ tasks: 1, events: 4 });
    });

    it("keeps no secrets", async () => {
      await tell(...success("t1", now, { kwargs: "{'password': 'hunter2', 'n': 1}", result: "'redis://u:hunter2@box'" }));
      const found = JSON.stringify([await history.task("t1"), await history.events("t1")]);
      expect(found).not.toContain("hunter2");
      expect(found).toContain("'n': 1");
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

    it("finds what is written with other letters, signs and cases", async () => {
      await tell(...success("t1", now, { args: "('Größe a<b&c 50%_', 'Ελλάς')" }));
      await tell(...success("t2", now, { args: "('Grosse a.b.c 500')" }));
      for (const found of ["args:größe", "GRÖSSE", "GRÖßE", 'args:"a<b&c"', "args:50%_", "ελλάς"])
        expect([found, await uuids(search(found))]).toEqual([found, found === "GRÖSSE" ? [] : ["t1"]]);
      expect(await uuids(search("-args:größe"))).toEqual(["t2"]);
    });

    it("says how far it came when a search takes too long, and goes on from there", async () => {
      const hasty = await world.open({ searchBudgetMs: 0 });
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
      await hasty.close();
    });

    it("knows who is there, and what each has told", async () => {
      const at = Date.now() / 1_000;
      await tell(workerEvent("online", "w1@box", at - 1), workerEvent("heartbeat", "w1@box", at, { active: 3, processed: 9 }));
      await tell(workerEvent("online", "w2@box", at), workerEvent("offline", "w2@box", at + 0.1), ...success("t1", at));
      const [w1, w2, ...others] = await history.workers();
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
      expect(await history.forgetWorkers(3_600)).toEqual([]);
      expect(await history.forgetWorkers(-3_600)).toEqual(["w2@box"]);
      expect((await history.workers()).map(({ hostname }) => hostname)).toEqual(["w1@box"]);
    });

    it("counts by the minute and the hour, by name and queue", async () => {
      const at = Math.floor(now / 3_600) * 3_600 - 3_600;
      for (let n = 0; n < 3; n += 1)
        await tell(...success(`s${n}`, at + 60 * n, { runtime: 0.2, name: n === 2 ? "tasks.b" : "tasks.add" }));
      await tell(taskEvent("failed", "f", at, { name: "tasks.add", exception: "ValueError('x')" }));
      const minutes = await history.series({ from: at, to: at + 240, step: 60 });
      expect(minutes.map(({ succeeded, failed }) => [succeeded, failed])).toEqual([
        [1, 1],
        [1, 0],
        [1, 0],
        [0, 0],
      ]);
      expect(minutes[0]).toMatchObject({ at, received: 1, retried: 0, revoked: 0 });
      expect(minutes[0]!.wait.reduce((a, b) => a + b)).toBe(1);
      const [hourly] = await history.series({ from: at, to: at + 3_600, step: 3_600 });
      expect(hourly).toMatchObject({ at, succeeded: 3, failed: 1 });
      expect(hourly!.run[histogramBounds.indexOf(0.25)]).toBe(3);
      expect((await history.series({ from: at, to: at + 3_600, step: 3_600, name: "tasks.b" }))[0]).toMatchObject({
        succeeded: 1,
        failed: 0,
      });
      expect((await history.types({ from: at, to: at + 3_600 })).map((type) => [type.name, type.succeeded, type.failed])).toEqual([
        ["tasks.b", 1, 0],
        ["tasks.add", 2, 1],
      ]);
    });

    it("gives as many points as were asked for, and counts no name beyond the two thousandth", async () => {
      for (let n = 0; n < 2_100; n += 1) history.hear(heard(taskEvent("received", `t${n}`, now, { name: `tasks.n${n}` })));
      await history.settled();
      expect(await history.taskTypes()).toHaveLength(2_000);
      const types = await history.types({ from: now - 60, to: now + 60 });
      expect(types).toHaveLength(2_001);
      expect(types.find(({ name: type }) => type === "_other")).toMatchObject({ received: 100 });
      expect(await uuids({ name: "tasks.n2099" })).toEqual(["t2099"]);
    });

    it("tells who follows what has changed, and no more when that ends", async () => {
      const changes: Change[] = [];
      const end = history.follow((change) => changes.push(change));
      await tell(...success("t1", now), workerEvent("heartbeat", "w1@box", now + 1));
      await expect.poll(() => changes.flatMap(({ tasks }) => tasks).at(-1)).toMatchObject({ uuid: "t1", state: "SUCCESS" });
      await expect.poll(() => changes.flatMap(({ workers }) => workers).at(-1)).toMatchObject({ hostname: "w1@box", heardAt: now + 1 });
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
      await tell(...success("t2", now));
      await history.task("t2");
      expect(changes).toHaveLength(before);
    });

    it("finds what was begun and is not ended, and takes what was found out elsewhere", async () => {
      const call = { name: "tasks.sleep", args: "()" };
      await tell(
        taskEvent("received", "old", now - 100, call),
        taskEvent("started", "old", now - 99),
        taskEvent("started", "new", now, call),
      );
      await tell(taskEvent("started", "gone", now, { ...call, hostname: "w9@box" }), ...success("done", now - 100));
      await tell(workerEvent("heartbeat", "w1@box", Date.now() / 1_000), workerEvent("offline", "w9@box", now + 1));
      const unfinished = async () => (await history.unfinished(now - 50, 10)).map(({ uuid }) => uuid);
      expect(await unfinished()).toEqual(["old", "gone"]);
      await history.amend("gone", { lostAt: now + 5 });
      await history.amend("old", { state: "FAILURE", exception: "WorkerLostError()" });
      await history.amend("done", { state: "FAILURE" });
      await history.amend("nobody", { state: "FAILURE" });
      expect(await unfinished()).toEqual([]);
      expect(await history.task("gone")).toMatchObject({ state: "STARTED", lostAt: now + 5 });
      expect(await history.task("old")).toMatchObject({ state: "FAILURE", exception: "WorkerLostError()" });
      expect(await history.task("done")).toMatchObject({ state: "SUCCESS" });
      await tell(taskEvent("succeeded", "gone", now + 9, { result: "1" }));
      expect(await history.task("gone")).toMatchObject({ state: "SUCCESS", lostAt: null });
    });

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
      const small = await world.open({ limits: { tasks: 5 } });
      for (let n = 0; n < 20; n += 1) small.hear(heard(...success(`t${n}`, now + n)));
      await small.settled();
      await expect.poll(async () => (await small.facts()).tasks).toBe(5);
      expect((await small.tasks(base)).tasks.map(({ uuid }) => uuid)).toEqual(["t19", "t18", "t17", "t16", "t15"]);
      expect(await small.events("t1")).toEqual([]);
      expect(await small.facts()).toMatchObject({ events: 20 });
      await small.close();
    });

    it("keeps tasks for so many days", async () => {
      const short = await world.open({ limits: { days: 1 } });
      short.hear(heard(...success("old", now - 90_000), ...success("new", now)));
      await short.settled();
      await expect.poll(async () => (await short.tasks(base)).tasks.map(({ uuid }) => uuid)).toEqual(["new"]);
      await short.close();
    });

    it("ends once, and answers nothing more", async () => {
      const closed = await world.open();
      await Promise.all([closed.close(), closed.close()]);
      closed.hear(heard(...success("t1", now)));
      await expect(closed.task("t1")).rejects.toMatchObject({ code: "BROKER_CLOSED" });
    });

    it("is there again with all that was heard", async () => {
      if (!world.isKept) return;
      await tell(...success("t1", now), workerEvent("heartbeat", "w1@box", now));
      history.hear(heard(...success("t2", now)));
      await history.close();
      history = await world.open();
      expect(await uuids()).toEqual(["t2", "t1"]);
      expect((await history.workers())[0]!.counts).toMatchObject({ "task-succeeded": 2, "worker-heartbeat": 1 });
      await tell(...success("t3", now));
      expect((await history.workers())[0]!.counts).toMatchObject({ "task-succeeded": 3 });
    });

    it("counts once what two monitors hear", async () => {
      if (!world.isKept) return;
      const other = await world.open();
      for (let n = 0; n < 20; n += 1) {
        const events = [...success(`t${n}`, now + n), workerEvent("heartbeat", "w1@box", now + n)];
        for (const [at, event] of events.entries()) {
          history.hear(heard(event));
          other.hear(heard(event));
          // Each is ahead of the other at times.
          if ((n + at) % 3 === 0) await (n % 2 === 0 ? history : other).settled();
        }
      }
      await Promise.all([history.settled(), other.settled()]);
      for (const each of [history, other]) {
        expect(await each.facts()).toMatchObject({ tasks: 20, events: 80, trouble: null });
        expect((await each.workers())[0]!.counts).toMatchObject({ "task-succeeded": 20, "worker-heartbeat": 20 });
        expect((await each.types({ from: now - 60, to: now + 120 }))[0]).toMatchObject({ received: 20, succeeded: 20 });
      }
      await other.close();
    });
  });
}
