/** Functions of a DAG, and those that choose what goes on behind them. */
import { createApp } from "@celeriac/core";
import { describe, expect, it } from "vitest";
import type { DagBuilder } from "../../../../../packages/airflow-bridge/src/dag/definition/builder.ts";
import { dag } from "../../../../../packages/airflow-bridge/src/dag/definition/dag.ts";
import type { Ending } from "../../../../../packages/airflow-bridge/src/dag/model.ts";
import { dagsOf } from "../../../../../packages/airflow-bridge/src/dag/registry.ts";
import { workContext } from "../../../../support/work-context.ts";

/** Runs the task `first` of a DAG with these arguments. */
async function run(build: (d: DagBuilder) => void, ...args: readonly unknown[]): Promise<Ending> {
  const app = createApp("shop", { broker: "memory://" });
  dag(app, "etl", {}, build);
  const { work } = dagsOf(app).get("etl")!.tasks.get("first")!;
  if (work.kind !== "run") throw new Error("first runs");
  return await work.run(workContext({ params: { region: "eu" } }), args);
}

it("a function is given its run and its arguments, and what it throws fails the try", async () => {
  const build = (d: DagBuilder) => d.task("first", async (run, n: number) => `${run.params["region"]} ${run.runId} ${n}`)(0);
  expect(await run(build, 7)).toEqual({ kind: "success", value: "eu scheduled__2026-03-01T00:00:00+00:00 7" });
  const failing = (d: DagBuilder) =>
    d.task("first", () => {
      throw new Error("no such file");
    })();
  await expect(run(failing)).rejects.toThrow("no such file");
});

describe("a branch", () => {
  /** first ─ big ─ after_big ─ join, first ─ small ─ join, first ─ join by "join", first ─ beside in any case */
  const build = (d: DagBuilder) => {
    const [big, afterBig, small, join, beside] = ["big", "after_big", "small", "join", "beside"].map((id) => d.bash(id, "true"));
    big!.before(afterBig!);
    join!.after(afterBig!, small!);
    const first = d.branch("first", (_run, ...keys: ("big" | "small" | "join")[]) => (keys.length === 1 ? keys[0]! : keys));
    first().on("big", big!).on("small", small!).on("join", join!).before(beside!);
  };

  it.each<[chosen: readonly string[], skip: readonly string[]]>([
    [["big"], ["small"]],
    [["small"], ["big"]],
    [["join"], ["big", "small"]],
    [["big", "small"], []],
    [[], ["big", "small", "join"]],
  ])("that chose %j skips %j right behind it, and what it chose is its value", async (chosen, skip) => {
    expect(await run(build, ...chosen)).toEqual({ kind: "branch", value: chosen.length === 1 ? chosen[0] : chosen, skip });
  });

  it.each<[key: unknown, text: string]>([
    ["bigg", 'chose "bigg": did you mean "big"?'],
    [undefined, 'on() names "big", "small", "join"'],
    [null, 'on() names "big", "small", "join"'],
  ])("that chose %j, which no on() has, fails for good", async (key, text) => {
    expect(await run(build, key)).toEqual({ kind: "failed", reason: expect.stringMatching(/^DAG_BRANCH: /), retryable: false });
    expect(await run(build, key)).toMatchObject({ reason: expect.stringContaining(text) });
  });
});

it("a short circuit skips all that stands behind it, however far, and nothing else", async () => {
  const build = (d: DagBuilder) => {
    const [a, b, other] = ["a", "b", "other"].map((id) => d.bash(id, "true"));
    b!.after(a!, other!);
    d.shortCircuit("first", { retries: 1 }, async (_run, goesOn: boolean) => goesOn)(true).before(a!);
  };
  expect(await run(build, true)).toEqual({ kind: "success", value: true });
  expect(await run(build, false)).toEqual({ kind: "branch", value: false, skip: ["a", "b"] });
});
