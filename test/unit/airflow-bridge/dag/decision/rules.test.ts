/** What a real Airflow decides for each rule and each vector of parents' states, beside what is decided here. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { applyRule, countUpstream, type RuleDecision } from "../../../../../packages/airflow-bridge/src/dag/decision/rules.ts";
import {
  type InstanceState,
  instanceStates,
  type TriggerRule,
  triggerRules,
} from "../../../../../packages/airflow-bridge/src/dag/states.ts";

/** One letter per vector of 0 to 3 parents, the last one changing fastest: see test/golden/README.md. */
interface Table {
  readonly airflow: string;
  readonly states: readonly InstanceState[];
  readonly rules: Readonly<Record<TriggerRule, string>>;
  readonly finished: readonly InstanceState[];
  readonly setups: string;
  readonly mapped: Readonly<Record<string, string>>;
}

const table = JSON.parse(readFileSync(new URL("../../../../golden/airflow/dag/trigger-rules.json", import.meta.url), "utf8")) as Table;

it("has every state and every rule in the table", () => {
  expect(table.states).toEqual(instanceStates);
  expect(Object.keys(table.rules).toSorted()).toEqual(triggerRules.toSorted());
});

describe("decides as Airflow's TriggerRuleDep", () => {
  it.each(triggerRules)("by %s", (rule) => {
    const ours = vectors(table.states).map((states) => letter(applyRule(rule, countUpstream(states))));
    expect(differences(ours, table.rules[rule], vectors(table.states))).toEqual([]);
    expect(ours).toHaveLength(1 + 13 + 13 ** 2 + 13 ** 3);
  });

  it("by all_done_setup_success below setups", () => {
    const parents = table.finished.flatMap((state) => [false, true].map((isSetup) => ({ state, isSetup })));
    const ours = vectors(parents).map((vector) => {
      const setups = countUpstream(vector.filter(({ isSetup }) => isSetup).map(({ state }) => state));
      return letter(applyRule("all_done_setup_success", { ...countUpstream(vector.map(({ state }) => state)), setups }));
    });
    expect(differences(ours, table.setups, vectors(parents))).toEqual([]);
    expect(ours).toHaveLength(1 + 12 + 12 ** 2 + 12 ** 3);
  });

  it.each(Object.entries(table.mapped))("by all_success of the mapped instance %s", (index, expected) => {
    const ours = vectors(table.finished).map((states) => letter(applyRule("all_success", countUpstream(states), Number(index))));
    expect(differences(ours, expected, vectors(table.finished))).toEqual([]);
    expect(ours).toHaveLength(1 + 6 + 6 ** 2 + 6 ** 3);
  });
});

function vectors<T>(symbols: readonly T[]): readonly (readonly T[])[] {
  const longer = (shorter: readonly (readonly T[])[]) => shorter.flatMap((vector) => symbols.map((symbol) => [...vector, symbol]));
  const [none, one] = [[[]], symbols.map((symbol) => [symbol])];
  return [...none, ...one, ...longer(one), ...longer(longer(one))];
}

/** A capital says of a state that is set that the rule would let it run as well: it is set all the same. */
function differences(ours: readonly string[], airflow: string, asked: readonly unknown[]): readonly unknown[] {
  expect(ours).toHaveLength(airflow.length);
  return ours.flatMap((found, at) => {
    const expected = airflow[at]!.toLowerCase();
    return found === expected ? [] : [{ asked: asked[at], expected, found }];
  });
}

function letter(decision: RuleDecision): string {
  if (decision.kind !== "set") return decision.kind === "run" ? "r" : "w";
  return { skipped: "s", upstream_failed: "u", removed: "x" }[decision.state];
}
