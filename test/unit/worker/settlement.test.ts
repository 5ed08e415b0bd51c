/** What options and settings make of a run's limits and of what is stored. */
import { describe, expect, it } from "vitest";
import type { Ending } from "../../../packages/core/src/run.ts";
import { delivered, resultOf, succeeded } from "../../support/walk.ts";

describe("what is stored", () => {
  it("is nothing where the task, the call or the app ignores results", async () => {
    for (const [options, headers, config] of [
      [{ ignoreResult: true }, {}, {}],
      [{}, { ignore_result: true }, {}],
      [{}, {}, { taskIgnoreResult: true }],
    ] as const) {
      const { walk, settlements } = await delivered(options, { headers }, { config });
      await walk.end(succeeded(3));
      expect(settlements).toEqual([{ result: undefined, publish: [], then: { kind: "acknowledge" } }]);
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
      expect(settlements[0]?.result?.expiresMs).toBe(expiresMs);
    }
  });
});

const error = { type: "ValueError", module: "builtins", args: ["no such"], traceback: null };
const failed: Ending = { kind: "failed", error, expected: false, children: [], publish: [] };
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
        stored.push(settlements[0]?.result?.state);
      }
      expect(stored, JSON.stringify([options, config])).toEqual(states);
    }
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
        expect(settlements, JSON.stringify([options, config, ending.kind])).toMatchObject([{ result: { state: "FAILURE" }, then }]);
        const counts = { "task-failed": 1, ...(then === deadLetter ? { "task-dead-lettered": 1 } : {}) };
        expect(walk.counts()).toMatchObject(counts);
      }
    }
  });

  it("is not put among the dead letters when it was acknowledged before it ran", async () => {
    const { walk, settlements } = await delivered({ acksLate: false, acksOnFailure: false });
    await walk.end(failed);
    expect(settlements).toEqual([{ publish: [], then: acknowledge }]);
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
    expect(settlements).toEqual([{ publish: [], then: { kind: "requeue", counted: false } }]);
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
