/** What becomes of a run at a look: its tasks by their rules, what they are mapped over, its past and its time, and its end. */
import { describe, expect, it } from "vitest";
import { decide, type RunDecision, type RunView } from "../../../../../packages/airflow-bridge/src/dag/decision/decide.ts";
import type { MappedLength } from "../../../../../packages/airflow-bridge/src/dag/decision/decide-task.ts";
import { firstInstance } from "../../../../../packages/airflow-bridge/src/dag/decision/first-instance.ts";
import type { DagModel } from "../../../../../packages/airflow-bridge/src/dag/model.ts";
import type { InstanceRecord } from "../../../../../packages/airflow-bridge/src/dag/records.ts";
import type { InstanceState } from "../../../../../packages/airflow-bridge/src/dag/states.ts";
import { dagModel, placeOf, runRecord } from "../../../../support/dag/model.ts";

const now = 10_000;

type Standing = InstanceState | Partial<InstanceRecord>;

/** `"load[2]": "failed"` is the instance of load that has index 2. */
function instancesOf(dag: DagModel, states: Readonly<Record<string, Standing>>): readonly InstanceRecord[] {
  return Object.entries(states).map(([place, standing]) => {
    const [, taskId = "", index] = /^([^[]+)(?:\[(\d+)\])?$/.exec(place)!;
    const task = dag.tasks.get(taskId) ?? { ...[...dag.tasks.values()][0]!, id: taskId };
    const fields = typeof standing === "string" ? { state: standing } : standing;
    return { ...firstInstance(runRecord(), task, 1), mapIndex: index === undefined ? -1 : Number(index), ...fields };
  });
}

function look(dag: DagModel, states: Readonly<Record<string, Standing>>, view: Partial<RunView> = {}): RunDecision {
  const instances = instancesOf(dag, states);
  return decide({ dag, run: runRecord(), instances, past: [], weights: new Map(), lengths: new Map(), now, ...view });
}

function changed({ changes }: RunDecision): Readonly<Record<string, InstanceState | undefined>> {
  return Object.fromEntries(changes.map(({ instance, fields }) => [placeOf(instance), fields.state]));
}

function added({ add }: RunDecision): Readonly<Record<string, InstanceState>> {
  return Object.fromEntries(add.map((instance) => [placeOf(instance), instance.state]));
}

const items = (length: number): MappedLength => ({ kind: "length", length });

describe("a new run", () => {
  it("gets an instance of each task, and those that wait for nobody are scheduled", () => {
    const dag = dagModel({ a: { retries: 2, pool: "db", poolSlots: 3, queue: "gpu" }, b: { after: ["a"] } });
    const decision = look(dag, {}, { weights: new Map([["a", 7]]) });
    expect(added(decision)).toEqual({ a: "scheduled", b: "none" });
    expect(decision.add[0]).toMatchObject({
      dagId: "etl",
      runId: "manual__1",
      tryNumber: 1,
      maxTries: 3,
      pool: "db",
      poolSlots: 3,
      queue: "gpu",
      priorityWeight: 7,
      operator: "function",
    });
    expect(decision).toMatchObject({ state: "running", lookAt: null, changes: [], remove: [] });
  });

  it("without tasks ends well at once", () => {
    expect(look(dagModel({}), {})).toMatchObject({ state: "success", add: [] });
  });

  it("maps over a list that is known from the start", () => {
    const dag = dagModel({ a: { inputs: [{ kind: "each", list: { kind: "value", value: [1, 2] } }] } });
    expect(added(look(dag, {}, { lengths: new Map([["a", items(2)]]) }))).toEqual({ "a[0]": "scheduled", "a[1]": "scheduled" });
  });

  it("gets an instance of a task that came into the code after its start", () => {
    const dag = dagModel({ a: {}, b: { after: ["a"] } });
    expect(added(look(dag, { a: "success" }))).toEqual({ b: "scheduled" });
  });
});

describe("a task", () => {
  const diamond = dagModel({ a: {}, b: { after: ["a"] }, c: { after: ["a"] }, d: { after: ["b", "c"] }, e: { after: ["d"] } });

  it("is scheduled once its rule lets it run", () => {
    expect(changed(look(diamond, { a: "success", b: "none", c: "none", d: "none", e: "none" }))).toEqual({
      b: "scheduled",
      c: "scheduled",
    });
    expect(changed(look(diamond, { a: "success", b: "success", c: "running", d: "none", e: "none" }))).toEqual({});
    expect(changed(look(diamond, { a: "success", b: "success", c: "success", d: "none", e: "none" }))).toEqual({ d: "scheduled" });
  });

  it("that failed gives up all behind it in the same look, before its neighbours end", () => {
    const decision = look(diamond, { a: "success", b: "failed", c: "running", d: "none", e: "none" });
    expect(changed(decision)).toEqual({ d: "upstream_failed", e: "upstream_failed" });
    expect(decision.changes[0]!.fields).toEqual({
      state: "upstream_failed",
      reason: "its trigger rule is all_success",
      endedAt: now,
      nextAt: null,
    });
    expect(decision.state).toBe("running");
  });

  it("that was skipped skips all behind it, up to one whose rule allows it", () => {
    const dag = dagModel({ a: {}, b: { after: ["a"] }, c: { after: ["b"], triggerRule: "all_done" } });
    expect(changed(look(dag, { a: "skipped", b: "none", c: "none" }))).toEqual({ b: "skipped", c: "scheduled" });
  });

  it("tries again when its time has come, with a new number and nothing of the try before", () => {
    const dag = dagModel({ a: { retries: 1 } });
    const waiting = {
      state: "up_for_retry",
      tryNumber: 1,
      startedAt: 5,
      firstStartedAt: 5,
      endedAt: 6,
      externalId: "x",
      requeues: 2,
    } as const;
    expect(look(dag, { a: { ...waiting, nextAt: now + 1 } })).toMatchObject({ changes: [], lookAt: now + 1, state: "running" });
    const decision = look(dag, { a: { ...waiting, nextAt: now } });
    expect(decision.changes[0]!.fields).toMatchObject({
      state: "scheduled",
      tryNumber: 2,
      firstStartedAt: null,
      endedAt: null,
      externalId: null,
      nextAt: null,
      requeues: 0,
    });
    expect(decision.lookAt).toBeNull();
  });

  it("looks again in the same try", () => {
    const waiting = { state: "up_for_reschedule", tryNumber: 1, firstStartedAt: 5, nextAt: now } as const;
    expect(look(dagModel({ a: {} }), { a: waiting }).changes[0]!.fields).toEqual({ state: "scheduled", nextAt: null });
  });

  it("that is gone from the code holds nobody up, unless it runs", () => {
    const dag = dagModel({ a: {} });
    const decision = look(dag, { a: "success", old: "none", older: "running" });
    expect(changed(decision)).toEqual({ old: "removed" });
    expect(decision.state).toBe("success");
  });

  it("is looked at again when the first of those that wait goes on", () => {
    const dag = dagModel({ a: {}, b: {}, c: {} }, { runTimeoutMs: 20_000 });
    const waiting = (nextAt: number): Standing => ({ state: "up_for_reschedule", nextAt });
    expect(look(dag, { a: waiting(now + 9), b: waiting(now + 4), c: "running" }).lookAt).toBe(now + 4);
    expect(look(dag, { a: waiting(now + 90_000), b: "running", c: "running" }).lookAt).toBe(20_000);
  });
});

describe("a mapped task", () => {
  const dag = dagModel({ list: {}, load: { after: ["list"], each: ["list"], retries: 1 }, sum: { after: ["load"] } });

  it("gives way to an instance per item, once its list is there", () => {
    expect(changed(look(dag, { list: "running", load: "none", sum: "none" }))).toEqual({});
    const decision = look(dag, { list: "success", load: "none", sum: "none" }, { lengths: new Map([["load", items(3)]]) });
    expect(added(decision)).toEqual({ "load[0]": "scheduled", "load[1]": "scheduled", "load[2]": "scheduled" });
    expect(decision.add[2]).toMatchObject({ tryNumber: 1, maxTries: 2 });
    expect(decision.remove.map(placeOf)).toEqual(["load"]);
    expect(changed(decision)).toEqual({});
  });

  it("lets those behind it run when each of its instances has ended", () => {
    const done = { list: "success", "load[0]": "success", "load[1]": "success", sum: "none" } as const;
    expect(changed(look(dag, done))).toEqual({ sum: "scheduled" });
    expect(changed(look(dag, { ...done, "load[1]": "running" }))).toEqual({});
    expect(changed(look(dag, { ...done, "load[0]": "running", "load[1]": "failed" }))).toEqual({ sum: "upstream_failed" });
  });

  it("is skipped over an empty list", () => {
    const decision = look(dag, { list: "success", load: "none", sum: "none" }, { lengths: new Map([["load", items(0)]]) });
    expect(changed(decision)).toEqual({ load: "skipped", sum: "skipped" });
    expect(decision).toMatchObject({ add: [], remove: [], state: "success" });
  });

  it("fails with the reason when what it is mapped over is no list, or too long", () => {
    const lengths = new Map([["load", { kind: "refused", reason: "list gave no list" } as const]]);
    const decision = look(dag, { list: "success", load: "none", sum: "none" }, { lengths });
    expect(changed(decision)).toEqual({ load: "failed", sum: "upstream_failed" });
    expect(decision.changes[0]!.fields.reason).toBe("list gave no list");
  });

  it("has nothing to map over when its list was skipped or failed, whatever its rule", () => {
    const stubborn = dagModel({ list: {}, load: { after: ["list"], each: ["list"], triggerRule: "always" } });
    expect(changed(look(stubborn, { list: "running", load: "none" }))).toEqual({});
    expect(changed(look(stubborn, { list: "skipped", load: "none" }))).toEqual({ load: "skipped" });
    expect(changed(look(stubborn, { list: "failed", load: "none" }))).toEqual({ load: "upstream_failed" });
  });

  it("that was cleared follows a list that has grown or shrunk", () => {
    const cleared = { list: "success", "load[0]": { state: "none", tryNumber: 1 }, "load[1]": { state: "none", tryNumber: 1 } } as const;
    const grown = look(dag, { ...cleared, sum: "none" }, { lengths: new Map([["load", items(3)]]) });
    expect(changed(grown)).toEqual({ "load[0]": "scheduled", "load[1]": "scheduled" });
    expect(grown.changes[0]!.fields.tryNumber).toBe(2);
    expect(added(grown)).toEqual({ "load[2]": "scheduled" });
    const shrunk = look(dag, { ...cleared, sum: "none" }, { lengths: new Map([["load", items(1)]]) });
    expect(changed(shrunk)).toEqual({ "load[0]": "scheduled" });
    expect(shrunk.remove.map(placeOf)).toEqual(["load[1]"]);
  });

  it("tries one instance again, whatever became of the list", () => {
    const states = { list: "success", "load[0]": "success", "load[1]": { state: "up_for_retry", nextAt: now }, sum: "none" } as const;
    expect(changed(look(dag, states))).toEqual({ "load[1]": "scheduled" });
  });
});

describe("a task that depends on its past", () => {
  const dag = dagModel({ a: { dependsOnPast: true }, b: {} });

  it("runs at the first time, and when it was not there before", () => {
    expect(added(look(dag, {}))).toEqual({ a: "scheduled", b: "scheduled" });
    expect(added(look(dag, {}, { past: instancesOf(dag, { b: "failed" }) }))).toEqual({ a: "scheduled", b: "scheduled" });
  });

  it.each(["success", "skipped"] as const)("runs after a %s", (state) => {
    expect(added(look(dag, {}, { past: instancesOf(dag, { a: state, b: "failed" }) }))).toEqual({ a: "scheduled", b: "scheduled" });
  });

  it.each(["failed", "running", "none", "upstream_failed"] as const)(
    "waits while the run before has it %s, and its run goes on",
    (state) => {
      const decision = look(dag, { a: "none", b: "success" }, { past: instancesOf(dag, { a: state }) });
      expect(decision).toMatchObject({ changes: [], state: "running", lookAt: now + 2_000 });
    },
  );

  it("waits for each instance that it was mapped to", () => {
    const past = instancesOf(dag, { "a[0]": "success", "a[1]": "failed" });
    expect(look(dag, { a: "none", b: "success" }, { past })).toMatchObject({ changes: [], state: "running" });
  });
});

describe("a run", () => {
  const dag = dagModel({ a: {}, b: { after: ["a"] }, c: { after: ["b"], triggerRule: "all_done" } });

  it("ends by its leaves: a failure in the middle does not fail it", () => {
    expect(look(dag, { a: "success", b: "failed", c: "success" })).toMatchObject({ state: "success", reason: null });
    expect(look(dag, { a: "success", b: "success", c: "failed" })).toMatchObject({ state: "failed", reason: "failed: c" });
    expect(look(dag, { a: "success", b: "success", c: "skipped" })).toMatchObject({ state: "success" });
    expect(look(dag, { a: "success", b: "success", c: "upstream_failed" })).toMatchObject({ state: "failed" });
  });

  it("does not end before all have ended", () => {
    const two = dagModel({ a: {}, b: { after: ["a"] }, c: {} });
    expect(look(two, { a: "running", b: "upstream_failed", c: "failed" }).state).toBe("running");
    expect(look(two, { a: "failed", b: "none", c: "success" })).toMatchObject({ state: "failed", reason: "failed: b", lookAt: null });
  });

  it("fails when nothing that is left can run", () => {
    // A placeholder whose list is not to be known, though its source ended: nothing will ever decide it.
    const stuck = dagModel({ list: {}, load: { after: ["list"], each: ["list"] } });
    expect(look(stuck, { list: "removed", load: "none" })).toMatchObject({
      state: "failed",
      reason: "deadlock: no task that is left can run",
    });
  });

  it("fails after its timeout, and stops what runs", () => {
    const timed = dagModel({ a: {}, b: {}, c: {}, d: {} }, { runTimeoutMs: 5_000 });
    const states = { a: "success", b: "running", c: "up_for_retry", d: "none" } as const;
    const before = look(timed, states, { run: runRecord({ startedAt: now - 4_999 }) });
    expect(before).toMatchObject({ state: "running", lookAt: now + 1 });
    const after = look(timed, states, { run: runRecord({ startedAt: now - 5_000 }) });
    expect(changed(after)).toEqual({ b: "skipped", c: "skipped", d: "skipped" });
    expect(after).toMatchObject({ state: "failed", lookAt: null });
  });
});
