/** Any DAG by any rules, played to its end in any order: what holds at each look, and at the end. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { decide, type RunDecision } from "../../../../../packages/airflow-bridge/src/dag/decision/decide.ts";
import type { MappedLength } from "../../../../../packages/airflow-bridge/src/dag/decision/decide-task.ts";
import type { DagModel } from "../../../../../packages/airflow-bridge/src/dag/model.ts";
import type { InstanceRecord } from "../../../../../packages/airflow-bridge/src/dag/records.ts";
import { type InstanceState, isFinished, triggerRules } from "../../../../../packages/airflow-bridge/src/dag/states.ts";
import { dagModel, placeOf, runRecord, type TaskSketch } from "../../../../support/dag/model.ts";

interface Sketch {
  readonly parents: readonly boolean[];
  readonly rule: (typeof triggerRules)[number];
  /** how many instances, when it is mapped over its first parent; -1: it is not */
  readonly length: number;
  readonly retries: number;
}

const sketch: fc.Arbitrary<Sketch> = fc.record({
  parents: fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
  rule: fc.oneof({ weight: 2, arbitrary: fc.constant("all_success" as const) }, { weight: 3, arbitrary: fc.constantFrom(...triggerRules) }),
  length: fc.constantFrom(-1, -1, 0, 1, 3),
  retries: fc.constantFrom(0, 0, 1),
});

function modelOf(sketches: readonly Sketch[]): { readonly dag: DagModel; readonly lengths: ReadonlyMap<string, MappedLength> } {
  const tasks: Record<string, TaskSketch> = {};
  const lengths = new Map<string, MappedLength>();
  for (const [number, { parents, rule, length, retries }] of sketches.entries()) {
    const after = Object.keys(tasks).filter((_, at) => parents[at]);
    const isMapped = length >= 0 && after.length > 0;
    tasks[`t${number}`] = { after, each: isMapped ? after.slice(0, 1) : [], triggerRule: rule, retries };
    if (isMapped) lengths.set(`t${number}`, { kind: "length", length });
  }
  return { dag: dagModel(tasks), lengths };
}

/** How the n-th thing that happens goes: which of those that are scheduled ends, and how. */
interface Chance {
  readonly which: number;
  readonly how: "success" | "failed" | "skipped" | "up_for_reschedule";
}

const chance: fc.Arbitrary<Chance> = fc.record({
  which: fc.nat(),
  how: fc.constantFrom("success", "success", "success", "failed", "skipped", "up_for_reschedule"),
});

function written(instances: readonly InstanceRecord[], { changes, add, remove }: RunDecision): readonly InstanceRecord[] {
  const fields = new Map(changes.map((change) => [change.instance, change.fields]));
  return [...instances.filter((one) => !remove.includes(one)).map((one) => ({ ...one, ...fields.get(one) })), ...add];
}

const inOrder = (places: readonly string[]) => places.toSorted();

function outline({ changes, add, remove, state, lookAt }: RunDecision): unknown {
  return {
    changes: inOrder(changes.map(({ instance, fields }) => `${placeOf(instance)} ${fields.state}`)),
    add: inOrder(add.map((one) => `${placeOf(one)} ${one.state}`)),
    remove: inOrder(remove.map(placeOf)),
    state,
    lookAt,
  };
}

function endedBy(instance: InstanceRecord, how: Chance["how"]): InstanceRecord {
  const state: InstanceState = how === "failed" && instance.tryNumber < instance.maxTries ? "up_for_retry" : how;
  return { ...instance, state, nextAt: isFinished(state) ? null : 0 };
}

it("comes to an end by its leaves, whatever the rules and however its tasks end", () => {
  fc.assert(
    fc.property(
      fc.array(sketch, { minLength: 1, maxLength: 8 }),
      fc.array(chance, { minLength: 80, maxLength: 80 }),
      (sketches, chances) => {
        const { dag, lengths } = modelOf(sketches);
        let instances: readonly InstanceRecord[] = [];
        const look = (all: readonly InstanceRecord[]) =>
          decide({ dag, run: runRecord(), instances: all, past: [], weights: new Map(), lengths, now: 1 });
        for (let turn = 0; ; turn++) {
          const decision = look(instances);
          expect(outline(look(instances.toReversed()))).toEqual(outline(decision));
          instances = written(instances, decision);
          const again = look(instances);
          expect(outline(again)).toEqual({ changes: [], add: [], remove: [], state: decision.state, lookAt: decision.lookAt });
          expect(new Set(instances.map(placeOf)).size).toBe(instances.length);
          if (decision.state !== "running") return expectEnd(dag, instances, decision);

          const scheduled = instances.filter(({ state }) => state === "scheduled");
          expect(scheduled.length).toBeGreaterThan(0);
          for (const { tryNumber, maxTries } of scheduled) expect(tryNumber > 0 && tryNumber <= maxTries).toBe(true);
          // Chance ends one day: then all goes well.
          const { which, how } = chances[turn] ?? { which: 0, how: "success" };
          const one = scheduled[which % scheduled.length]!;
          instances = instances.map((instance) => (instance === one ? endedBy(one, how) : instance));
        }
      },
    ),
    { numRuns: 60 },
  );
});

function expectEnd(dag: DagModel, instances: readonly InstanceRecord[], { state, reason }: RunDecision): void {
  if (reason?.startsWith("deadlock")) {
    expect(instances.some((instance) => instance.state === "none")).toBe(true);
    return;
  }
  expect(instances.every((instance) => isFinished(instance.state))).toBe(true);
  const leaves = instances.filter(({ taskId }) => dag.tasks.get(taskId)!.downstream.length === 0);
  const isFailed = leaves.some((leaf) => leaf.state === "failed" || leaf.state === "upstream_failed");
  expect(state).toBe(isFailed ? "failed" : "success");
}
