/** Result backend cases: which of two results stands. */
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { collect, type Suite, seen } from "./world.ts";

/** [stored first, then, outcome of the second]: the rules in backend.ts. */
const writes: readonly (readonly [
  string,
  { state: string; attempt: number },
  { state: string; attempt: number },
  "stored" | "superseded",
])[] = [
  ["a state replaces an earlier state", { state: "STARTED", attempt: 0 }, { state: "PROGRESS", attempt: 0 }, "stored"],
  ["a final state replaces a state", { state: "STARTED", attempt: 0 }, { state: "SUCCESS", attempt: 0 }, "stored"],
  ["a later attempt replaces RETRY", { state: "RETRY", attempt: 0 }, { state: "STARTED", attempt: 1 }, "stored"],
  ["a later attempt replaces FAILURE", { state: "FAILURE", attempt: 0 }, { state: "SUCCESS", attempt: 1 }, "stored"],
  ["a later attempt's state replaces FAILURE", { state: "FAILURE", attempt: 0 }, { state: "STARTED", attempt: 1 }, "stored"],
  ["the first final state of an attempt stands", { state: "FAILURE", attempt: 1 }, { state: "SUCCESS", attempt: 1 }, "superseded"],
  ["an older attempt never replaces FAILURE", { state: "FAILURE", attempt: 2 }, { state: "FAILURE", attempt: 1 }, "superseded"],
  ["an older SUCCESS never replaces FAILURE", { state: "FAILURE", attempt: 11 }, { state: "SUCCESS", attempt: 2 }, "superseded"],
  ["a state never replaces a final one of its attempt", { state: "FAILURE", attempt: 1 }, { state: "STARTED", attempt: 1 }, "superseded"],
  ["a state never replaces REVOKED", { state: "REVOKED", attempt: 0 }, { state: "STARTED", attempt: 0 }, "superseded"],
  ["a later attempt never replaces SUCCESS", { state: "SUCCESS", attempt: 0 }, { state: "FAILURE", attempt: 1 }, "superseded"],
  ["a later SUCCESS never replaces SUCCESS", { state: "SUCCESS", attempt: 0 }, { state: "SUCCESS", attempt: 3 }, "superseded"],
  ["REVOKED never replaces SUCCESS", { state: "SUCCESS", attempt: 0 }, { state: "REVOKED", attempt: 0 }, "superseded"],
];

export function describeNewestWins(suite: Suite): void {
  it.each(writes)("%s", async (_, first, second, outcome) => {
    const taskId = randomUUID();
    const before = suite.record({ taskId, ...first, value: "first" });
    const after = suite.record({ taskId, ...second, value: "second" });
    const watch = await collect(suite.caller(), taskId);
    expect(await suite.worker().store(before)).toBe("stored");
    const stored = await suite.worker().store(after);
    // A reply queue cannot refuse: the caller keeps the newest, and without attempts only SUCCESS is known to be the last word.
    if (suite.world().shared) expect(stored).toBe(outcome);
    const keepsFirst = outcome === "superseded" && (suite.world().shared || first.state === "SUCCESS");
    const keepsSecond = outcome === "stored";
    const expected = keepsFirst ? "first" : "second";
    if (keepsFirst || keepsSecond) await eventually(async () => expect(seen(await suite.caller().get(taskId))?.result).toBe(expected));
    watch.close();
  });

  it("ends with the final state of the latest attempt when attempts race", async () => {
    const taskId = randomUUID();
    const watch = await collect(suite.caller(), taskId);
    const attempts = [0, 1, 2, 3, 4].map((attempt) => suite.record({ taskId, state: "FAILURE", attempt, value: attempt }));
    const order = suite.world().shared ? [...attempts].sort((left, right) => (left.attempt % 2) - (right.attempt % 2)) : attempts;
    await Promise.all(order.map((record, index) => (index % 2 === 0 ? suite.worker() : suite.caller()).store(record)));
    await suite.worker().store(suite.record({ taskId, state: "SUCCESS", attempt: 5, value: "done" }));
    await eventually(async () => expect(seen(await suite.caller().get(taskId))).toEqual({ status: "SUCCESS", result: "done" }));
    await eventually(() => expect(watch.last()).toEqual({ status: "SUCCESS", result: "done" }));
    watch.close();
  });
}
