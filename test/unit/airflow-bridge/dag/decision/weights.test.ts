/** What real operators weigh in graphs of up to 15 tasks, beside what is computed here. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { priorityWeights } from "../../../../../packages/airflow-bridge/src/dag/decision/weights.ts";
import { type WeightRule, weightRules } from "../../../../../packages/airflow-bridge/src/dag/states.ts";

interface Graph {
  readonly weights: readonly number[];
  readonly edges: readonly (readonly [upstream: number, downstream: number])[];
  readonly given: Readonly<Record<WeightRule, readonly number[]>>;
}

const { graphs } = JSON.parse(readFileSync(new URL("../../../../golden/airflow/dag/priority-weights.json", import.meta.url), "utf8")) as {
  readonly graphs: readonly Graph[];
};

function tasksOf({ weights, edges }: Graph, weightRule: WeightRule) {
  const task = (at: number) => ({
    upstream: edges.filter(([, downstream]) => downstream === at).map(([upstream]) => String(upstream)),
    downstream: edges.filter(([upstream]) => upstream === at).map(([, downstream]) => String(downstream)),
    options: { priorityWeight: weights[at]!, weightRule },
  });
  return new Map(weights.map((_, at) => [String(at), task(at)]));
}

describe("priority weights", () => {
  it.each(weightRules)("are Airflow's by the rule %s, within 32 bits", (rule) => {
    const ours = graphs.map((graph) => [...priorityWeights(tasksOf(graph, rule)).values()]);
    // Airflow 3 cuts a task's own weight only, and its database refuses a sum that is larger; 2 cut the sum.
    expect(ours).toEqual(graphs.map(({ given }) => given[rule].map((weight) => Math.min(weight, 2 ** 31 - 1))));
    expect(ours).toHaveLength(14);
  });

  it("are cut below as well", () => {
    const chain = { weights: [-(2 ** 31), -5], edges: [[0, 1]], given: { downstream: [], upstream: [], absolute: [] } } as const;
    expect([...priorityWeights(tasksOf(chain, "downstream")).values()]).toEqual([-(2 ** 31), -5]);
  });
});
