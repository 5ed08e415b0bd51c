/** The handle of a group: one wait for all its members, and what the group is as a whole. */
import { describe, expect, it } from "vitest";
import type { ResultTuple } from "../../../packages/core/src/result-meta.ts";
import { createGroupResult } from "../../../packages/core/src/result-tree.ts";
import { endOf } from "../../support/end-of.ts";
import { quiet } from "../../support/fake-clock.ts";
import { resultsWorld } from "../../support/results.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const task = (id: string, parent: ResultTuple | null = null): ResultTuple => [[id, parent], null];

function groupWorld(members: readonly ResultTuple[] = ["a", "b", "c"].map((id) => task(id))) {
  const world = resultsWorld();
  return { ...world, group: createGroupResult<unknown[]>(world.source, { id: "g", members }) };
}

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const seen: T[] = [];
  for await (const item of items) seen.push(item);
  return seen;
}

describe("get() of a group", () => {
  it("gives the values by index, in whichever order the members end", async () => {
    const { group, say, left } = groupWorld();
    await say("c", "SUCCESS", 3);
    const end = endOf(group.get());
    await say("a", "STARTED");
    await say("b", "SUCCESS", 2);
    await quiet();
    expect(end).toEqual({});
    await say("a", "SUCCESS", 1);
    await quiet();
    expect([end, left()]).toEqual([{ value: [1, 2, 3] }, [0, 0, 0]]);
  });

  it("throws the first failure by index, as soon as all before it have ended well", async () => {
    const { group, say, fail, left } = groupWorld();
    const end = endOf(group.get());
    await fail("b", "second");
    await quiet();
    expect(end).toEqual({});
    await say("a", "SUCCESS", 1);
    await quiet();
    expect([end, left()]).toEqual([{ error: coded("TASK_FAILED", { taskId: "b" }) }, [0, 0, 0]]);
    await fail("c", "third");
    await expect(group.get()).rejects.toEqual(coded("TASK_FAILED", { taskId: "b" }));
  });

  it("is of a group of none there at once", async () => {
    const { group, left } = groupWorld([]);
    expect(await group.get()).toEqual([]);
    expect(await group.settledAll()).toEqual([]);
    expect(await all(group.iterate())).toEqual([]);
    expect(await group.snapshot()).toMatchObject({ state: "SUCCESS", value: [], progress: { done: 0, of: 0 } });
    expect(left()).toEqual([0, 0, 0]);
  });

  it("gives up in time, and says how many had ended", async () => {
    const { group, say, clock, left } = groupWorld();
    await say("b", "SUCCESS", 2);
    const end = endOf(group.get({ timeout: "2s" }));
    await clock.advance(2_000);
    expect(end).toEqual({
      error: coded("RESULT_TIMEOUT", { taskId: "g", message: "1 of 3 members of group g ended within 2000 ms; the others may still run" }),
    });
    expect(left()).toEqual([0, 0, 0]);
  });

  it("ends with its signal's reason, and when the app closes", async () => {
    const { group, closeApp, left } = groupWorld();
    const giveUp = new AbortController();
    const [aborted, closed] = [endOf(group.get({ signal: giveUp.signal })), endOf(group.settledAll())];
    await quiet();
    giveUp.abort("enough");
    closeApp();
    await quiet();
    expect([aborted, closed, left()]).toEqual([{ error: "enough" }, { error: new Error("closed") }, [0, 0, 0]]);
  });

  it("listens once to a task that stands in it twice", async () => {
    const { group, say, left } = groupWorld([task("a"), task("a")]);
    const end = endOf(group.get());
    await quiet();
    expect(left()).toEqual([1, 1, 1]);
    await say("a", "SUCCESS", 7);
    await quiet();
    expect(end).toEqual({ value: [7, 7] });
  });

  it("listens no longer to members that have ended", async () => {
    const { group, say, left } = groupWorld();
    const end = endOf(group.settledAll());
    await quiet();
    expect(left()[0]).toBe(3);
    await say("b", "SUCCESS");
    await quiet();
    expect([left()[0], end]).toEqual([2, {}]);
  });
});

describe("the failure of a member", () => {
  it("is of the class its task lists, where whoever sent it knows the task", async () => {
    const { source, fail } = resultsWorld({ throws: { "shop.sum": [RangeError] }, raises: "RangeError" });
    const nameOf = (id: string) => (id === "a" ? "shop.sum" : null);
    const group = createGroupResult<unknown[]>(source, { id: "g", members: [task("a"), task("b")], nameOf });
    for (const id of ["a", "b"]) await fail(id, "too far");
    const causes = (await group.settledAll()).map((end) => end.state === "FAILURE" && end.error.cause);
    expect(causes).toEqual([new RangeError("too far"), undefined]);
    await expect(group.results[0]!.get()).rejects.toMatchObject({ taskName: "shop.sum", cause: new RangeError("too far") });
  });
});

describe("a group of groups", () => {
  const nested: readonly ResultTuple[] = [
    task("a"),
    [
      ["inner", null],
      [task("b"), task("c")],
    ],
    [["none", null], []],
  ];

  it("has values of values", async () => {
    const { group, say } = groupWorld(nested);
    const shown = endOf(all(group.iterate()));
    for (const [id, value] of Object.entries({ c: 3, a: 1, b: 2 })) await say(id, "SUCCESS", value);
    expect(await group.get()).toEqual([1, [2, 3], []]);
    await quiet();
    expect(shown.value?.map(({ index }) => index)).toEqual([2, 0, 1]);
  });

  it("has handles of groups, and fails with what failed within", async () => {
    const { group, say, fail } = groupWorld(nested);
    await say("a", "SUCCESS", 1);
    await say("b", "SUCCESS", 2);
    await fail("c", "within");
    expect(await group.settledAll()).toEqual([
      { state: "SUCCESS", value: 1 },
      { state: "FAILURE", error: coded("TASK_FAILED", { taskId: "c" }) },
      { state: "SUCCESS", value: [] },
    ]);
    expect(await group.completedCount()).toBe(2);
    expect(await all((await group.children()).values() as never)).toHaveLength(3);
    expect(group.results.map((result) => Object.prototype.toString.call(result))).toEqual([
      "[object AsyncResult]",
      "[object GroupResult]",
      "[object GroupResult]",
    ]);
  });
});

describe("iterate()", () => {
  it("gives members as they end", async () => {
    const { group, say, fail, left } = groupWorld();
    await say("b", "SUCCESS", 2);
    const seen: unknown[] = [];
    const end = endOf(
      (async () => {
        for await (const { index, outcome } of group.iterate()) seen.push([index, outcome.state]);
      })(),
    );
    await quiet();
    await fail("c", "no");
    await quiet();
    expect([seen, end]).toEqual([
      [
        [1, "SUCCESS"],
        [2, "FAILURE"],
      ],
      {},
    ]);
    await say("a", "SUCCESS", 1);
    await quiet();
    expect([seen.at(-1), end, left()]).toEqual([[0, "SUCCESS"], { value: undefined }, [0, 0, 0]]);
  });

  it("gives them by index where that is asked for", async () => {
    const { group, say } = groupWorld();
    const shown = endOf(all(group.iterate({ ordered: true })));
    for (const id of ["c", "b", "a"]) await say(id, "SUCCESS", id);
    await quiet();
    expect(shown.value).toEqual(["a", "b", "c"].map((value, index) => ({ index, outcome: { state: "SUCCESS", value } })));
  });

  it("can be left at any moment", async () => {
    const { group, say, closeApp, left } = groupWorld();
    await say("a", "SUCCESS");
    for await (const _ of group.iterate()) break;
    const waiting = group.iterate()[Symbol.asyncIterator]();
    await waiting.next();
    const next = endOf(waiting.next());
    await quiet();
    await waiting.return?.();
    expect([next, left()]).toEqual([{ value: { done: true, value: undefined } }, [0, 0, 0]]);
    const enough = new AbortController();
    const [aborted, closed] = [endOf(all(group.iterate({ signal: enough.signal }))), endOf(all(group.iterate()))];
    await quiet();
    enough.abort();
    closeApp();
    await quiet();
    expect([aborted.value, closed.error, left()]).toEqual([[expect.objectContaining({ index: 0 })], new Error("closed"), [0, 0, 0]]);
  });
});

describe("a group as a whole", () => {
  it("is pending, then started, then ended as its first failure or its members' success", async () => {
    const { group, say, fail } = groupWorld();
    expect(await group.snapshot()).toEqual({
      ...{
        id: "g",
        name: null,
        at: null,
        progress: { done: 0, of: 3 },
        retries: 0,
        worker: null,
        args: null,
        kwargs: null,
        queue: null,
        state: "PENDING",
        known: true,
      },
    });
    await say("b", "STARTED");
    expect(await group.state()).toBe("STARTED");
    await fail("c", "no");
    expect(await group.snapshot()).toMatchObject({ state: "STARTED", progress: { done: 1, of: 3 } });
    expect(await Promise.all([group.ready(), group.successful(), group.failed(), group.completedCount()])).toEqual([false, false, true, 0]);
    await say("a", "SUCCESS", 1, { date_done: "2026-01-02T03:04:05.678901" });
    await say("b", "SUCCESS", 2, { date_done: "2026-01-02T03:04:06.000000" });
    expect(await Promise.all([group.ready(), group.successful(), group.failed(), group.completedCount()])).toEqual([true, false, true, 2]);
    expect(await group.snapshot()).toMatchObject({
      state: "FAILURE",
      error: coded("TASK_FAILED", { taskId: "c" }),
      at: new Date("2026-01-02T03:04:06Z"),
    });
    await group.forget();
    for (const id of ["a", "b", "c"]) await say(id, "SUCCESS", id);
    expect(await group.successful()).toBe(true);
    expect(await group.snapshot()).toMatchObject({ state: "SUCCESS", value: ["a", "b", "c"], progress: { done: 3, of: 3 } });
  });

  it("shows while it is watched how far it is", async () => {
    const { group, say, left } = groupWorld();
    const seen: unknown[] = [];
    const end = endOf(
      (async () => {
        for await (const { state, progress } of group.watch()) seen.push([state, progress?.done]);
      })(),
    );
    await quiet();
    await say("a", "STARTED");
    await quiet();
    await say("b", "STARTED");
    for (const id of ["a", "b", "c"]) {
      await say(id, "SUCCESS");
      await quiet();
    }
    expect(seen).toEqual([
      ["PENDING", 0],
      ["STARTED", 0],
      ["STARTED", 1],
      ["STARTED", 2],
      ["SUCCESS", 3],
    ]);
    expect([end, left()]).toEqual([{ value: undefined }, [0, 0, 0]]);
  });

  it("is no promise, and forgets what get() was told to forget", async () => {
    const { group, say, backend } = groupWorld();
    expect("then" in group || group.results.some((result) => "then" in result)).toBe(false);
    for (const id of ["a", "b", "c"]) await say(id, "SUCCESS", id);
    await group.save();
    expect(await group.get({ forget: true })).toEqual(["a", "b", "c"]);
    expect([await backend.getMany(["a", "b", "c"]), await backend.restoreGroup("g")]).toEqual([[null, null, null], null]);
  });

  it("says that a member's stored text is no result", async () => {
    const { group, backend, left } = groupWorld();
    const ends = [endOf(group.get()), endOf(all(group.iterate()))];
    await backend.store({ taskId: "b", state: "SUCCESS", attempt: 0, text: "garbage", expiresMs: null, replyTo: null });
    await quiet();
    expect([ends, left()]).toEqual([
      [{ error: coded("RESULT_UNREADABLE") }, { error: coded("RESULT_UNREADABLE") }],
      [0, 0, 0],
    ]);
    await expect(group.ready()).rejects.toEqual(coded("RESULT_UNREADABLE"));
  });

  it("of ten thousand members is waited for with one look at each end", async () => {
    const members = Array.from({ length: 10_000 }, (_, index) => task(`t${index}`));
    const { group, say } = groupWorld(members);
    const end = endOf(group.get());
    await quiet();
    for (let index = members.length - 1; index >= 0; index--) await say(`t${index}`, "SUCCESS", index);
    await quiet();
    expect(end.value).toEqual(members.map((_, index) => index));
    expect(await group.completedCount()).toBe(10_000);
  });
});
