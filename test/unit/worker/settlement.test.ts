/** What options and settings make of a run's limits and of what is stored. */
import { describe, expect, it } from "vitest";
import { Results } from "../../../packages/core/src/memory/results.ts";
import { readResult } from "../../../packages/core/src/result-meta.ts";
import type { Ending } from "../../../packages/core/src/run.ts";
import { unrunBehind } from "../../../packages/core/src/unrun.ts";
import { link } from "../../support/execution.ts";
import { delivered, resultOf, resultsOf, startWalk, succeeded } from "../../support/walk.ts";

describe("what is stored", () => {
  it("is nothing where the task, the call or the app ignores results", async () => {
    for (const [options, headers, config] of [
      [{ ignoreResult: true }, {}, {}],
      [{}, { ignore_result: true }, {}],
      [{}, {}, { taskIgnoreResult: true }],
    ] as const) {
      const { walk, settlements } = await delivered(options, { headers }, { config });
      await walk.end(succeeded(3));
      expect(settlements).toEqual([{ results: [], publish: [], then: { kind: "acknowledge" } }]);
    }
    const { walk, settlements } = await delivered({ ignoreResult: false }, {}, { config: { taskIgnoreResult: true } });
    await walk.end(succeeded(3));
    expect(resultOf(settlements[0])).toMatchObject({ result: 3 });
  });

  it("is kept as long as resultExpires says; 0 and null are for ever, as in Celery", async () => {
    for (const [resultExpires, expiresMs] of [
      ["90s", 90_000],
      [null, null],
      [0, null],
    ] as const) {
      const { walk, settlements } = await delivered({}, {}, { config: { resultExpires } });
      await walk.end(succeeded(3));
      expect(settlements[0]?.results[0]?.expiresMs).toBe(expiresMs);
    }
  });
});

const error = { type: "ValueError", module: "builtins", args: ["no such"], traceback: null };
const failed: Ending = { kind: "failed", error, expected: false, unrun: [], children: [], publish: [] };
const timedOut: Ending = { kind: "timedOut", limitMs: 1_500 };
const executorLost: Ending = { kind: "executorLost", reason: "signal SIGKILL", begun: true };
const deadLetter = expect.objectContaining({ kind: "deadLetter" });
const acknowledge = { kind: "acknowledge" };

describe("a terminated task", () => {
  it("is acknowledged and stored as Celery stores it, late or early acknowledged", async () => {
    for (const acksLate of [true, false]) {
      const { walk, settlements } = await delivered({ acksLate });
      await walk.end({ kind: "terminated", signal: "SIGTERM" });
      expect(settlements.at(-1)?.then).toEqual(acknowledge);
      const stored = acksLate ? resultOf(settlements[0]) : JSON.parse(walk.stored[0]?.text ?? "");
      const result = { exc_type: "TaskRevokedError", exc_message: ["terminated"], exc_module: "celery.exceptions" };
      expect(stored).toMatchObject({ status: "REVOKED", result, traceback: null, children: [] });
      expect(walk.counts()["task-revoked"]).toBe(1);
    }
  });
});

describe("what is stored where results are ignored", () => {
  it("is errors, if the task or the app asks for them", async () => {
    for (const [options, config, states] of [
      [{ ignoreResult: true }, {}, [undefined, undefined]],
      [{ ignoreResult: true, storeErrorsEvenIfIgnored: true }, {}, ["FAILURE", undefined]],
      [{ ignoreResult: true }, { taskStoreErrorsEvenIfIgnored: true }, ["FAILURE", undefined]],
      [{ ignoreResult: true, storeErrorsEvenIfIgnored: false }, { task_store_errors_even_if_ignored: true }, [undefined, undefined]],
    ] as const) {
      const stored: unknown[] = [];
      for (const ending of [failed, succeeded(3)]) {
        const { walk, settlements } = await delivered(options, {}, { config });
        await walk.end(ending);
        stored.push(settlements[0]?.results[0]?.state);
      }
      expect(stored, JSON.stringify([options, config])).toEqual(states);
    }
  });
});

describe("the steps behind a task in its chain", () => {
  /** As they lie in a message: the next one last. */
  const chain = [
    link("ours.quiet", { task_id: "quiet" }),
    {
      ...{ task: "celery.chord", args: [], options: { task_id: "group" }, subtask_type: "chord", immutable: false },
      kwargs: {
        header: {
          task: "celery.group",
          kwargs: { tasks: [link("t", { task_id: "a" }), link("t", { task_id: "b" })] },
          subtask_type: "group",
        },
        body: link("t", { task_id: "body" }),
      },
    },
    link("theirs", { task_id: "next", reply_to: "caller", group_id: "g" }),
    link("t"),
  ];
  const body = [[], {}, { chain }];
  const unrun = ["next", "a", "b", "body"];
  const behind = async (ending: Ending, changes: object = {}) => {
    const walk = startWalk();
    walk.app.task("t", () => 1);
    walk.app.task("ours.quiet", { ignoreResult: true }, () => 1);
    const settlements = walk.deliver("t", { id: "first", body, ...changes });
    await walk.clock.advance(0);
    if (walk.running.length > 0) await walk.end(ending);
    return { walk, settlement: settlements.at(-1) };
  };

  it("end with it, however it ends but by success", async () => {
    const over = { headers: { expires: "2020-01-01T00:00:00Z" } };
    for (const [ending, status, type, changes] of [
      [timedOut, "FAILURE", "TimeLimitExceeded", {}],
      [{ kind: "executorLost", reason: "signal SIGKILL", begun: true }, "FAILURE", "WorkerLostError", { deliveries: 4 }],
      [{ kind: "rejected", requeue: false, reason: "no" }, "FAILURE", "Reject", {}],
      [{ kind: "unknown" }, "FAILURE", "NotRegistered", {}],
      [{ kind: "revoked", reason: "user left", begun: true }, "REVOKED", "TaskRevokedError", {}],
      [{ kind: "terminated", signal: "SIGTERM" }, "REVOKED", "TaskRevokedError", {}],
      [{ kind: "expired" }, "REVOKED", "TaskRevokedError", over],
    ] as const) {
      const { settlement } = await behind(ending, changes);
      const [own, ...others] = resultsOf(settlement);
      expect(own, ending.kind).toMatchObject({ task_id: "first", status, result: { exc_type: type } });
      expect(others.map(({ task_id }) => task_id)).toEqual(unrun);
      for (const each of others)
        expect(each).toMatchObject({ status, result: own?.["result"], traceback: own?.["traceback"], children: [] });
      expect(settlement?.results[1]).toMatchObject({ replyTo: "caller" });
      expect(others[0]).toMatchObject({ group_id: "g" });
    }
    for (const ending of [
      succeeded(1),
      { kind: "executorLost", reason: "", begun: false },
      { kind: "rejected", requeue: true, reason: "" },
    ] as const)
      expect(resultsOf((await behind(ending)).settlement).length, ending.kind).toBeLessThan(2);
  });

  it("are told by the executor that knows them, and end though the one before them is silent", async () => {
    const [step] = unrunBehind({ chain: [link("t", { task_id: "told" })], callbacks: null, errbacks: null, chord: null });
    const { settlement } = await behind({ ...failed, unrun: [step!] });
    expect(resultsOf(settlement).map(({ task_id }) => task_id)).toEqual(["first", "told"]);
    const silent = await behind({ kind: "ignored" });
    expect(resultsOf(silent.settlement)).toMatchObject(
      unrun.map((task_id) => ({ task_id, status: "REVOKED", result: { exc_message: ["ignored"] } })),
    );
    const unheard = await behind(timedOut, { headers: { ignore_result: true } });
    expect(resultsOf(unheard.settlement).map(({ task_id }) => task_id)).toEqual(unrun);
  });

  it("have an end of their own if they run after all", async () => {
    const { settlement } = await behind(timedOut);
    const results = new Results();
    for (const record of settlement!.results) expect(results.store(record, 0)).toBe("stored");
    for (const record of settlement!.results) expect(results.store(record, 0)).toBe("superseded");
    const own = { state: "SUCCESS", attempt: 0, text: "ran", expiresMs: null, replyTo: null };
    expect(["first", "next"].map((taskId) => results.store({ ...own, taskId }, 0))).toEqual(["superseded", "stored"]);
    expect(results.store(settlement!.results[1]!, 0)).toBe("superseded");
    expect(readResult("next", settlement!.results[1]!.text).retries).toBe(0);
  });

  it("are not known of a message that cannot be read, whose own end is stored all the same", async () => {
    const { settlement } = await behind({ kind: "expired" }, { body: "no body", headers: { expires: "2020-01-01T00:00:00Z" } });
    expect(resultsOf(settlement)).toMatchObject([{ task_id: "first", status: "REVOKED" }]);
  });
});

describe("a task that failed", () => {
  it("is acknowledged, unless the task or the app keeps it among the dead letters", async () => {
    for (const [options, config, ofFailure, ofTimeout] of [
      [{}, {}, acknowledge, acknowledge],
      [{ acksOnFailure: false }, {}, deadLetter, acknowledge],
      [{ acksOnTimeout: false }, {}, acknowledge, deadLetter],
      [{ acksOnFailureOrTimeout: false }, {}, deadLetter, deadLetter],
      [{ acksOnFailureOrTimeout: false, acksOnTimeout: true }, {}, deadLetter, acknowledge],
      [{}, { task_acks_on_failure_or_timeout: false }, deadLetter, deadLetter],
      [{}, { task_acks_on_failure: false }, deadLetter, acknowledge],
      [{ acksOnFailure: true }, { task_acks_on_failure: false, task_acks_on_timeout: false }, acknowledge, deadLetter],
    ] as const) {
      for (const [ending, then] of [
        [failed, ofFailure],
        [timedOut, ofTimeout],
      ] as const) {
        const { walk, settlements } = await delivered(options, {}, { config });
        await walk.end(ending);
        expect(settlements, JSON.stringify([options, config, ending.kind])).toMatchObject([{ results: [{ state: "FAILURE" }], then }]);
        const counts = { "task-failed": 1, ...(then === deadLetter ? { "task-dead-lettered": 1 } : {}) };
        expect(walk.counts()).toMatchObject(counts);
      }
    }
  });

  it("is not put among the dead letters when it was acknowledged before it ran", async () => {
    const { walk, settlements } = await delivered({ acksLate: false, acksOnFailure: false });
    await walk.end(failed);
    expect(settlements).toEqual([{ results: [], publish: [], then: acknowledge }]);
    expect(walk.counts()).not.toHaveProperty("task-dead-lettered");
  });

  it("has failed when its executor died, if it is not to run again", async () => {
    for (const [options, config] of [
      [{ rejectOnWorkerLost: false }, {}],
      [{}, { task_reject_on_worker_lost: false }],
    ] as const) {
      const { walk, settlements } = await delivered(options, {}, { config });
      await walk.end(executorLost);
      expect(resultOf(settlements[0])).toMatchObject({ status: "FAILURE", result: { exc_type: "WorkerLostError" } });
      expect(settlements[0]?.then).toEqual(acknowledge);
      expect(walk.counts()).toMatchObject({ "task-failed": 1 });
    }
    const { walk, settlements } = await delivered({ rejectOnWorkerLost: false });
    await walk.end({ ...executorLost, begun: false });
    expect(settlements).toEqual([{ results: [], publish: [], then: { kind: "requeue", counted: false } }]);
  });
});

describe("the limits of a run", () => {
  it("are the call's, else the task's, else the app's; 0 is none", async () => {
    const limits = async (options: object, timelimit: readonly unknown[], config: object) => {
      const { walk } = await delivered(options, { headers: { timelimit } }, { config });
      return [walk.running[0]?.timeLimitMs, walk.running[0]?.softTimeLimitMs];
    };
    expect(await limits({ timeLimit: 5, softTimeLimit: 4 }, [9, 8], { taskTimeLimit: 3 })).toEqual([9_000, 8_000]);
    expect(await limits({ timeLimit: 5, softTimeLimit: 4 }, [null, null], { taskTimeLimit: 3 })).toEqual([5_000, 4_000]);
    expect(await limits({}, [null, null], { taskTimeLimit: 3, taskSoftTimeLimit: "2s" })).toEqual([3_000, 2_000]);
    expect(await limits({ timeLimit: 0, softTimeLimit: 0 }, [0, 0], { taskTimeLimit: 3 })).toEqual([null, null]);
    expect(await limits({}, [null, null], { taskTimeLimit: 0, taskSoftTimeLimit: "0s" })).toEqual([null, null]);
  });
});
