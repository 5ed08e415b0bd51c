/** Part of the suite of histories: pages, filters and searches. */
import { expect } from "vitest";
import { inTurn as it } from "../../support/beside.ts";
import { heard, success, taskEvent } from "../../support/heard.ts";
import { base, type HistorySuite, now, search } from "./world.ts";

export function describeListing(suite: HistorySuite): void {
  it("knows nothing at first", async () => {
    expect(await suite.history.tasks(base)).toEqual({ tasks: [], next: null, searched: null });
    expect(await suite.history.task("nobody")).toBeNull();
    expect(await suite.history.workers()).toEqual([]);
    expect(await suite.history.facts()).toMatchObject({
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
    await suite.twenty();
    expect(await suite.uuids({ limit: 3 })).toEqual(["b9", "b8", "b7"]);
    expect(await suite.uuids({ limit: 3, from: 18 })).toEqual(["a1", "a0"]);
    expect(await suite.uuids({ limit: 2, descending: false })).toEqual(["a0", "a1"]);
    expect(await suite.uuids({ limit: 2, sort: "name" })).toEqual(["b9", "b8"]);
    expect(await suite.uuids({ limit: 2, sort: "runtime", descending: false })).toEqual(["a0", "a3"]);
    for (const sort of ["timestamp", "name", "worker", "received", "runtime"] as const) {
      const all = await suite.uuids({ sort });
      const paged: string[] = [];
      for (let from: number | string | null = 0; from !== null; ) {
        const { tasks, next } = await suite.history.tasks({ ...base, sort, limit: 7, from });
        paged.push(...tasks.map(({ uuid }) => uuid));
        from = next;
      }
      expect(paged).toEqual(all);
      expect(new Set(paged).size).toBe(20);
    }
  });

  it("refuses a place that no page gave", async () => {
    await expect(suite.history.tasks({ ...base, from: "nowhere" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("lists those alone that fit a filter", async () => {
    await suite.twenty();
    expect(await suite.uuids({ name: "tasks.a", limit: 2 })).toEqual(["a9", "a8"]);
    expect(await suite.uuids({ name: "tasks.a", queue: "odd", sort: "runtime", limit: 2 })).toEqual(["a5", "a7"]);
    expect(await suite.uuids({ worker: "w2@box", limit: 2, from: 1 })).toEqual(["b4", "b1"]);
    expect(await suite.uuids({ states: ["FAILURE"] })).toEqual([]);
    expect(await suite.uuids({ states: ["failure", "SUCCESS"], limit: 1 })).toEqual(["b9"]);
    expect(await suite.uuids({ receivedFrom: now + 3, receivedTo: now + 5 })).toEqual(["a4", "a3"]);
    expect(await suite.history.count({ name: "tasks.a", queue: "odd" })).toEqual({ count: 5, exact: true });
    expect(await suite.history.count({}, 10_000)).toEqual({ count: 20, exact: true });
    expect(await suite.history.count({ queue: "odd" }, 3)).toEqual({ count: 3, exact: false });
  });

  it("finds by search, as Flower does", async () => {
    await suite.twenty();
    expect(await suite.uuids(search("word1"))).toEqual(["b9", "b8", "b7", "b6", "b5", "b4", "b3", "b2", "b1", "b0", "a1"]);
    expect(await suite.uuids(search("args:WORD12"))).toEqual(["b2"]);
    expect(await suite.uuids(search('args:"word3\', 1"'))).toEqual(["a3"]);
    expect(await suite.uuids(search("kwargs:n=7"))).toEqual(["a7"]);
    expect(await suite.uuids(search("kwargs:who=ann kwargs:n=11"))).toEqual(["b1"]);
    expect(await suite.uuids(search("state:success (args:word4 OR args:word5)"))).toEqual(["a5", "a4"]);
    expect(await suite.uuids({ ...search("queue:even -name:tasks.a"), limit: 2 })).toEqual(["b8", "b6"]);
    expect(await suite.uuids({ ...search("word1"), limit: 2, from: 9 })).toEqual(["b0", "a1"]);
    expect(await suite.uuids(search("100% nowhere"))).toEqual([]);
    expect(await suite.history.count(search("word1"))).toEqual({ count: 11, exact: true });
  });

  it("finds what is written with other letters, signs and cases", async () => {
    await suite.tell(...success("greek", now, { args: "('Größe a<b&c 50%_', 'Ελλάς')" }));
    await suite.tell(...success("latin", now, { args: "('Grosse a.b.c 500')" }));
    for (const found of ["args:größe", "GRÖSSE", "GRÖßE", 'args:"a<b&c"', "args:50%_", "ελλάς"])
      expect([found, await suite.uuids(search(found))]).toEqual([found, found === "GRÖSSE" ? [] : ["greek"]]);
    expect(await suite.uuids(search("args:gro -args:größe"))).toEqual(["latin"]);
  });

  it("says how far it came when a search takes too long, and goes on from there", async () => {
    const hasty = await (await suite.openOwn()).open({ searchBudgetMs: 0 });
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
}
