import { describe, expect, it } from "vitest";
import {
  type InstanceEvent,
  readState,
  statesBefore,
  transition,
} from "../../../../../packages/airflow-bridge/src/dag/decision/machine.ts";
import { type InstanceState, instanceStates, isFinished } from "../../../../../packages/airflow-bridge/src/dag/states.ts";

const events = [
  ...["schedule", "pass_over", "upstream_fail", "queue", "unqueue", "begin", "succeed", "skip", "fail", "retry", "reschedule", "defer"],
  ...["clear", "restart", "give_up", "remove", "restore", "mark_success", "mark_failed", "mark_skipped"],
] as readonly InstanceEvent[];

function walk(...story: readonly InstanceEvent[]): readonly InstanceState[] {
  const states: InstanceState[] = ["none"];
  for (const event of story) states.push(transition(states.at(-1)!, event));
  return states.slice(1);
}

describe("the states of a task instance", () => {
  it("go the way of a task that runs, is tried again, waits, and is cleared", () => {
    expect(walk("schedule", "queue", "begin", "succeed")).toEqual(["scheduled", "queued", "running", "success"]);
    expect(walk("schedule", "queue", "begin", "retry", "schedule", "queue", "begin", "fail").slice(3)).toEqual([
      ...["up_for_retry", "scheduled", "queued", "running", "failed"],
    ]);
    expect(walk("schedule", "queue", "begin", "reschedule", "schedule").slice(3)).toEqual(["up_for_reschedule", "scheduled"]);
    expect(walk("schedule", "queue", "begin", "defer", "schedule").slice(3)).toEqual(["deferred", "scheduled"]);
    expect(walk("schedule", "queue", "begin", "clear", "restart").slice(3)).toEqual(["restarting", "none"]);
    expect(walk("upstream_fail", "clear", "pass_over", "remove", "restore")).toEqual([
      "upstream_failed",
      "none",
      "skipped",
      "removed",
      "none",
    ]);
    expect(walk("schedule", "queue", "unqueue", "queue", "retry").slice(1)).toEqual(["queued", "scheduled", "queued", "up_for_retry"]);
  });

  it("reach each other all from none, and none from all", () => {
    const reached = new Set<InstanceState>(["none"]);
    for (const state of reached) for (const event of events) if (statesBefore(event).includes(state)) reached.add(transition(state, event));
    expect([...reached].toSorted()).toEqual(instanceStates.toSorted());
    for (const state of instanceStates)
      expect(state === "running" ? transition(transition(state, "clear"), "restart") : walkBack(state)).toBe("none");
  });

  it("let nothing run but what is queued or restarting, and end nothing that has ended", () => {
    expect(statesBefore("begin")).toEqual(["queued", "restarting"]);
    for (const event of ["schedule", "queue", "begin", "succeed", "skip", "fail", "retry", "reschedule", "defer", "give_up"] as const)
      expect(statesBefore(event).filter(isFinished)).toEqual([]);
  });

  it("refuse every other event, naming the states in which it can happen", () => {
    let refused = 0;
    for (const event of events)
      for (const state of instanceStates) {
        if (statesBefore(event).includes(state)) continue;
        refused++;
        expect(() => transition(state, event)).toThrow(expect.objectContaining({ code: "DAG_STATE" }));
      }
    expect(refused).toBeGreaterThan(100);
    expect(() => transition("success", "queue")).toThrow("a task instance that is success does not queue: expected scheduled");
  });

  it("are read from what was stored", () => {
    expect(instanceStates.map(readState)).toEqual(instanceStates);
    expect(["shutdown", "SUCCESS", "awaiting_input"].map(readState)).toEqual(["restarting", null, null]);
  });
});

function walkBack(state: InstanceState): InstanceState {
  return transition(state, state === "restarting" ? "restart" : "clear");
}
