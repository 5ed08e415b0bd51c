/** What options and settings make of a run's limits and of what is stored. */
import { describe, expect, it } from "vitest";
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
