import { expect, it } from "vitest";
import { ClusterView, isAlive } from "../../../packages/core/src/events/cluster-view.ts";

const told = (type: string, uuid: string, fields: object = {}) => ({
  type,
  uuid,
  hostname: "w1@h",
  timestamp: 10,
  clock: 1,
  pid: 1,
  utcoffset: 0,
  ...fields,
});
const shown = (view: ClusterView) => view.tasks.map(({ uuid, state, worker }) => [uuid, state, worker]);

it("knows a task from the first event that tells of it, and forgets nothing that was said", () => {
  const view = new ClusterView();
  view.hear(told("task-sent", "a", { hostname: "gen1@h", name: "shop.add", args: "(1, 2)", queue: "shop" }));
  expect(shown(view)).toEqual([["a", "SENT", null]]);
  view.hear(told("task-received", "a", { name: "shop.add", retries: 0, timestamp: 11 }));
  view.hear(told("task-started", "a", { timestamp: 12 }));
  view.hear(told("task-succeeded", "a", { result: "3", runtime: 0.5, timestamp: 13 }));
  expect(view.tasks).toEqual([
    {
      ...{ uuid: "a", name: "shop.add", state: "SUCCESS", worker: "w1@h", timestamp: 13 },
      fields: { args: "(1, 2)", queue: "shop", retries: 0, result: "3", runtime: 0.5 },
    },
  ]);
});

it("takes the later state where events come in the wrong order, and begins again where a task is retried", () => {
  const view = new ClusterView();
  view.hear(told("task-succeeded", "a"));
  view.hear(told("task-started", "a"));
  view.hear(told("task-sent", "a", { name: "late", hostname: "gen1@h" }));
  expect([shown(view), view.tasks[0]?.name]).toEqual([[["a", "SUCCESS", "w1@h"]], "late"]);
  view.hear(told("task-retried", "b"));
  view.hear(told("task-received", "b"));
  expect(shown(view)[0]).toEqual(["b", "RECEIVED", "w1@h"]);
});

it("keeps those tasks that were heard of last", () => {
  const view = new ClusterView(2);
  for (const id of ["a", "b", "a", "c"]) view.hear(told("task-started", id));
  expect(view.tasks.map(({ uuid }) => uuid)).toEqual(["c", "a"]);
});

it("takes a worker for gone when it says so, or is silent for two heartbeats", () => {
  const view = new ClusterView();
  const beat = { type: "worker-heartbeat", hostname: "w1@h", timestamp: 100, freq: 2, active: 1, processed: 5, loadavg: [1, 2, 3] };
  view.hear(beat);
  view.hear({ type: "something-else", hostname: "w2@h" });
  const [worker] = view.workers;
  expect(worker).toEqual({ hostname: "w1@h", isOnline: true, heardAt: 100, freq: 2, active: 1, processed: 5, loadavg: [1, 2, 3] });
  expect([isAlive(worker!, 104_000), isAlive(worker!, 104_001)]).toEqual([true, false]);
  view.hear({ ...beat, type: "worker-offline" });
  expect(isAlive(view.workers[0]!, 100_000)).toBe(false);
});

it("passes over what is no event of a task or a worker", () => {
  const view = new ClusterView();
  view.hear({ type: "task-started", uuid: 5 });
  view.hear({ type: "worker-heartbeat" });
  view.hear({ type: "worker-heartbeat", hostname: "odd@h", loadavg: "high", freq: "often" });
  expect([view.tasks, view.workers]).toEqual([[], [expect.objectContaining({ hostname: "odd@h", freq: 60, loadavg: [] })]]);
});
