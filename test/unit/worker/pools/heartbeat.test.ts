/** Runs that compute for long, and hear what they are told all the same, because they ask. */
import { describe, expect, it } from "vitest";
import type { Ending } from "../../../../packages/core/src/run.ts";
import { begun, scriptedRun, startedPool, succeededWith } from "../../../support/executor-pool.ts";

describe.each(["process", "thread"] as const)("a run that beats (%s)", { timeout: 60_000 }, (kind) => {
  it("ends when it is aborted, though it never waits", async () => {
    const record = await startedPool({ kind });
    const run = scriptedRun({ do: "beat" });
    const ending = record.pool.submit(run);
    await begun(record, run);
    // It has told what it logged.
    await expect.poll(() => record.logs.map(({ message }) => message)).toEqual(["computes"]);
    expect(record.pool.abort(run.id, "aborted", "enough")).toBe(true);
    expect(succeededWith((await ending) as Ending)).toEqual({ kind: "aborted", message: "enough" });
  });

  it("ends at its soft limit, and lets what was sent behind it run in its turn", async () => {
    const { pool } = await startedPool({ kind, executors: 1 });
    const [computing, next] = [
      pool.submit(scriptedRun({ do: "beat" }, { softTimeLimitMs: 100, timeLimitMs: 30_000 })),
      pool.submit(scriptedRun({ do: "return", value: "next" })),
    ];
    expect(succeededWith(await computing)).toMatchObject({ kind: "softTimeLimit" });
    expect(succeededWith(await next)).toBe("next");
  });
});
