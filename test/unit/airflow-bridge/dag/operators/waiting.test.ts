/** Sensors, and tasks that start a run of another DAG. */
import { createApp } from "@celeriac/core";
import { describe, expect, it } from "vitest";
import type { DagBuilder } from "../../../../../packages/airflow-bridge/src/dag/definition/builder.ts";
import { dag } from "../../../../../packages/airflow-bridge/src/dag/definition/dag.ts";
import type { RunAccess, Wait, Work, WorkContext } from "../../../../../packages/airflow-bridge/src/dag/model.ts";
import { dagsOf } from "../../../../../packages/airflow-bridge/src/dag/registry.ts";
import type { RunState } from "../../../../../packages/airflow-bridge/src/dag/states.ts";
import { workContext } from "../../../../support/work-context.ts";

/** The work of the DAG's first task. */
function workOf(build: (d: DagBuilder) => void): Work {
  const app = createApp("shop", { broker: "memory://" });
  dag(app, "etl", {}, build);
  return [...dagsOf(app).get("etl")!.tasks.values()][0]!.work;
}

function waitOf(build: (d: DagBuilder) => void): Wait {
  const work = workOf(build);
  if (work.kind !== "wait") throw new Error("it waits");
  return work;
}

describe("a sensor", () => {
  it("looks every minute for a week, as Airflow's does, unless told otherwise", () => {
    expect(waitOf((d) => d.sensor("s", {}, () => true))).toMatchObject({
      ...{ mode: "poke", intervalMs: 60_000, timeoutMs: 604_800_000, softFail: false },
    });
    const options = { mode: "defer", interval: "5s", timeout: "1h", softFail: true } as const;
    expect(waitOf((d) => d.sensor("s", options, () => true))).toMatchObject({
      ...{ mode: "defer", intervalMs: 5_000, timeoutMs: 3_600_000, softFail: true },
    });
  });

  it("gives what its function finds in the run", async () => {
    const wait = waitOf((d) => d.sensor("s", {}, async (run) => (run.tryNumber > 1 ? { path: run.runId } : false)));
    expect(await wait.poke(workContext(), [])).toBe(false);
    expect(await wait.poke(workContext({ tryNumber: 2, runId: "r" }), [])).toEqual({ path: "r" });
  });
});

describe("a trigger", () => {
  /** Runs by id, as a store has them. */
  function runs(state: RunState): RunAccess & { readonly made: Map<string, object> } {
    const made = new Map<string, object>();
    return {
      made,
      trigger: async ({ runId, ...run }) => void (made.has(runId) || made.set(runId, run)),
      find: async (_dagId, which) => ("runId" in which && made.has(which.runId) ? { ...which, state } : null),
    };
  }
  const started = { dagId: "other", logicalDate: null, params: { rows: 5, fixed: "x" } };
  const trigger = (wait: boolean) => (d: DagBuilder) => {
    d.trigger("other", { wait, params: { rows: d.run("params").pick("n"), fixed: "x" } });
  };

  it("starts one run, however often it is tried, and another one for another instance", async () => {
    const work = workOf(trigger(false));
    const access = runs("running");
    const run = async (given: Partial<WorkContext>) =>
      work.kind === "run" ? await work.run(workContext({ runs: access, ...given }), [5, "x"]) : null;
    const first = await run({});
    expect(await run({ tryNumber: 2 })).toEqual(first);
    expect(first).toEqual({ kind: "success", value: expect.stringMatching(/^manual__2026-03-01T00:00:00\+00:00_[0-9a-f]{12}$/) });
    expect([...access.made.values()]).toEqual([started]);
    await run({ mapIndex: 3 });
    await run({ runId: "manual__x" });
    expect(access.made.size).toBe(3);
  });

  it("waits without a slot for that very run, and fails with it", async () => {
    const wait = waitOf(trigger(true));
    expect(wait).toMatchObject({ mode: "defer", timeoutMs: null });
    const look = async (access: RunAccess) => await wait.poke(workContext({ runs: access }), [5, "x"]);
    const access = runs("queued");
    expect(await look(access)).toBe(undefined);
    expect(await look(access)).toBe(undefined);
    expect([...access.made.values()]).toEqual([started]);
    expect(await look(runs("success"))).toBe([...access.made.keys()][0]);
    await expect(look(runs("failed"))).rejects.toMatchObject({ code: "DAG_RUN_FAILED" });
  });

  it("takes a DAG as well as its id, which names the task", () => {
    const app = createApp("shop", { broker: "memory://" });
    const other = dag(app, "stream.b", {}, () => {});
    dag(app, "etl", {}, (d) => void d.trigger(other).after(d.trigger("c", { id: "first" })));
    expect([...dagsOf(app).get("etl")!.tasks.keys()]).toEqual(["first", "trigger_stream_b"]);
  });
});
