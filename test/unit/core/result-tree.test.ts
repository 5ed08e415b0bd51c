/** Handles of results that name each other: what stands before another, and what that means for who waits. */
import { describe, expect, it } from "vitest";
import type { ResultTuple } from "../../../packages/core/src/result-meta.ts";
import { createGroupResult, createResult, handleOf } from "../../../packages/core/src/result-tree.ts";
import { endOf } from "../../support/end-of.ts";
import { quiet } from "../../support/fake-clock.ts";
import { resultsWorld } from "../../support/results.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const task = (id: string, parent: ResultTuple | null = null): ResultTuple => [[id, parent], null];

describe("collect()", () => {
  const tree = {
    root: {
      value: "r",
      children: [
        task("a"),
        [
          ["g", null],
          [task("b"), task("c")],
        ],
      ],
    },
    a: { value: 1, children: [task("last")] },
    b: { value: 2, children: [task("last")] },
    c: { value: 3, children: [] },
    last: { value: 4, children: [] },
  };

  it("goes through all that was sent, level by level, and says what it came from", async () => {
    const { source, say } = resultsWorld();
    const root = createResult(source, { id: "root", taskName: null, known: true });
    const seen: unknown[] = [];
    const end = endOf(
      (async () => {
        for await (const { result, from, outcome } of root.collect())
          seen.push([from?.id ?? null, result.id, outcome.state === "SUCCESS" && outcome.value]);
      })(),
    );
    for (const [id, { value, children }] of Object.entries(tree)) await say(id, "SUCCESS", value, { children });
    await quiet();
    expect([seen, end]).toEqual([
      [
        [null, "root", "r"],
        ["root", "a", 1],
        ["root", "g", [2, 3]],
        ["a", "last", 4],
        ["g", "b", 2],
        ["g", "c", 3],
      ],
      { value: undefined },
    ]);
  });

  it("has failures among the others, and gives up in time", async () => {
    const { source, clock, say, fail } = resultsWorld();
    const group = createGroupResult(source, { id: "g", members: [task("a"), task("b")] });
    await fail("a", "no");
    await say("b", "SUCCESS", null, { children: [task("never")] });
    const states: string[] = [];
    const end = endOf(
      (async () => {
        for await (const { outcome } of group.collect({ timeout: 5 })) states.push(outcome.state);
      })(),
    );
    await clock.advance(5_000);
    expect([states, end]).toEqual([["FAILURE", "FAILURE", "SUCCESS"], { error: coded("RESULT_TIMEOUT", { taskId: "never" }) }]);
  });
});

describe("a step whose predecessor failed", () => {
  it("ends with it, whatever its own result says", async () => {
    const { source, fail, left } = resultsWorld();
    const last = handleOf(source, task("c", task("b", task("a"))));
    const end = endOf(last.settled());
    await quiet();
    expect(left()[0]).toBe(3);
    await fail("a", "first step");
    await quiet();
    expect(end).toEqual({
      value: { state: "FAILURE", error: coded("TASK_FAILED", { taskId: "c", message: expect.stringContaining("first step") }) },
    });
    expect(left()).toEqual([0, 0, 0]);
  });

  it("ends a group after it, and members that are chains", async () => {
    const { source, say, fail } = resultsWorld();
    const parent = createResult(source, { id: "first", taskName: null, known: true });
    const after = createGroupResult(source, { id: "g", members: [task("a"), task("b")], parent });
    const chains = createGroupResult(source, { id: "h", members: [task("d", task("c")), task("e")] });
    const ends = [endOf(after.settledAll()), endOf(chains.settledAll())];
    await say("first", "REVOKED", { exc_type: "TaskRevokedError", exc_message: ["expired"], exc_module: "celery.exceptions" });
    await fail("c", "in a chain");
    await say("e", "SUCCESS", 5);
    await quiet();
    expect(ends[0]!.value?.map(({ state }) => state)).toEqual(["REVOKED", "REVOKED"]);
    expect(ends[1]!.value).toEqual([
      { state: "FAILURE", error: coded("TASK_FAILED") },
      { state: "SUCCESS", value: 5 },
    ]);
  });

  it("is not the group before a chord's body, which tells itself what became of it", async () => {
    const { source, say, fail } = resultsWorld();
    const body = handleOf(source, [
      [
        "body",
        [
          ["header", null],
          [task("a"), task("b")],
        ],
      ],
      null,
    ]);
    expect(body.parent?.id).toBe("header");
    const end = endOf(body.get());
    await fail("a", "a member");
    await quiet();
    expect(end).toEqual({});
    await say("body", "FAILURE", { exc_type: "ChordError", exc_message: ["Dependency a raised"], exc_module: "celery.exceptions" });
    await quiet();
    expect(end).toEqual({ error: coded("TASK_CHORD_FAILED") });
  });
});
