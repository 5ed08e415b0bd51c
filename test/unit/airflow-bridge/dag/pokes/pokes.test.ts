/** What sensors wait for, each look in a run as a sensor calls it. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { FoundRun, SoughtRun, WorkContext } from "../../../../../packages/airflow-bridge/src/dag/model.ts";
import { sensorWork } from "../../../../../packages/airflow-bridge/src/dag/operators/sensor.ts";
import { fileExists } from "../../../../../packages/airflow-bridge/src/dag/pokes/file-exists.ts";
import { runEnded } from "../../../../../packages/airflow-bridge/src/dag/pokes/run-ended.ts";
import type { RunContext } from "../../../../../packages/airflow-bridge/src/dag/runner/run-context.ts";
import { thrownEnding } from "../../../../../packages/airflow-bridge/src/dag/runner/task-ending.ts";
import { temporaryDirectory } from "../../../../support/private-process.ts";
import { workContext } from "../../../../support/work-context.ts";

async function look(poke: (run: RunContext) => unknown, context: Partial<WorkContext> = {}): Promise<unknown> {
  const work = sensorWork({}, poke);
  return work.kind === "wait" ? await work.poke(workContext(context), []) : null;
}

describe("fileExists", () => {
  function folder(): string {
    const made = temporaryDirectory("file-exists");
    onTestFinished(() => made.remove());
    return made.path;
  }

  it("waits for a file, a folder or what a link leads to, and gives its path", async () => {
    const path = join(folder(), "in.csv");
    symlinkSync(path, `${path}.link`);
    for (const each of [path, `${path}.link`, `${path}/within`]) expect(await look(fileExists(each))).toBe(false);
    writeFileSync(path, "");
    expect(await look(fileExists(path))).toBe(path);
    expect(await look(fileExists(`${path}.link`))).toBe(`${path}.link`);
    expect(await look(fileExists(`${path}/within`))).toBe(false);
    mkdirSync(`${path}.d`);
    expect(await look(fileExists(`${path}.d`))).toBe(`${path}.d`);
  });

  it("finds its path by the run", async () => {
    const path = folder();
    writeFileSync(join(path, "2026-03-01"), "");
    const wait = fileExists((run) => join(path, run.logicalDate.toISOString().slice(0, 10)));
    expect(await look(wait)).toBe(join(path, "2026-03-01"));
    expect(await look(wait, { logicalDate: new Date(0) })).toBe(false);
  });

  it("fails where it may not look, and for what is no path", async () => {
    const loop = join(folder(), "loop");
    symlinkSync(loop, loop);
    await expect(look(fileExists(loop))).rejects.toMatchObject({ code: "ELOOP" });
    expect(() => fileExists("")).toThrow(expect.objectContaining({ code: "DAG_DEFINITION" }));
    await expect(look(fileExists((run) => run.params["path"] as string))).rejects.toMatchObject({
      code: "DAG_DEFINITION",
      message: "fileExists(): expected a path, got undefined",
    });
  });
});

describe("runEnded", () => {
  function runs(state: FoundRun["state"] | null) {
    const asked: [string, SoughtRun][] = [];
    return {
      asked,
      trigger: async () => {},
      async find(dagId: string, which: SoughtRun) {
        asked.push([dagId, which]);
        return state === null ? null : { runId: "scheduled__x", state };
      },
    };
  }

  it("waits for the run of its own logical date, and gives its id", async () => {
    const wait = runEnded({ id: "upstream" });
    for (const state of [null, "queued", "running"] as const) expect(await look(wait, { runs: runs(state) })).toBe(false);
    const ended = runs("success");
    expect(await look(wait, { runs: ended })).toBe("scheduled__x");
    expect(ended.asked).toEqual([["upstream", { logicalDate: Date.parse("2026-03-01T00:00:00Z") }]]);
  });

  it.each([
    [{ runId: "mine" }, { runId: "mine" }],
    [{ runId: (run: RunContext) => `of ${run.runId}` }, { runId: "of r" }],
    [{ logicalDate: new Date(5) }, { logicalDate: 5 }],
    [
      { logicalDate: (run: RunContext) => new Date(run.logicalDate.getTime() - 86_400_000) },
      { logicalDate: Date.parse("2026-02-28T00:00:00Z") },
    ],
  ])("waits for the one of %o", async (options, sought) => {
    const access = runs("success");
    await look(runEnded("upstream", options), { runs: access, runId: "r" });
    expect(access.asked).toEqual([["upstream", sought]]);
  });

  it("fails for good when that has ended badly, unless that will do", async () => {
    const thrown: unknown = await look(runEnded("upstream"), { runs: runs("failed") }).catch((error: unknown) => error);
    expect(thrownEnding(thrown)).toEqual({
      kind: "failed",
      reason: "DAG_RUN_FAILED: the run scheduled__x of the DAG upstream has ended as failed",
      retryable: false,
    });
    expect(await look(runEnded("upstream", { states: ["success", "failed"] }), { runs: runs("failed") })).toBe("scheduled__x");
    await expect(look(runEnded("upstream", { states: ["failed"] }), { runs: runs("success") })).rejects.toThrow("has ended as success");
  });

  it("refuses what names no run, and to look outside of a task", async () => {
    const refused = expect.objectContaining({ code: "DAG_DEFINITION" });
    for (const options of [{ runId: "a", logicalDate: new Date(0) }, { states: [] }, { states: ["running"] }, { runId: "" }])
      expect(() => runEnded("upstream", options as never)).toThrow(refused);
    expect(() => runEnded(undefined as never)).toThrow(refused);
    expect(() => runEnded("upstream", { runid: "a" } as never)).toThrow(expect.objectContaining({ code: "CONFIG_UNKNOWN" }));
    for (const options of [{ runId: () => "" }, { logicalDate: () => new Date(Number.NaN) }])
      await expect(look(runEnded("upstream", options), { runs: runs(null) })).rejects.toMatchObject({ code: "DAG_DEFINITION" });
    await expect(runEnded("upstream")(workContext())).rejects.toMatchObject({ code: "DAG_HOOK_OUTSIDE" });
  });
});
