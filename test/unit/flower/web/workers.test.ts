/** What the pages make of workers: which are listed, what they come to, what they answered. */
import { expect, it } from "vitest";
import {
  inspectedQueue,
  inspectedTask,
  pairsOf,
  poolFacts,
  registeredTask,
} from "../../../../packages/flower/src/web/present/inspected.ts";
import { countersOf, matches } from "../../../../packages/flower/src/web/present/worker-list.ts";
import { workerRow } from "../../../support/browser/worker-row.ts";

it("finds a worker by words of its name, software and queues", () => {
  const found = workerRow("w1@box");
  expect(matches(found, "", "all")).toBe(true);
  expect(matches(found, "W1  MAIL celery", "online")).toBe(true);
  expect(matches(found, "w1 images", "all")).toBe(false);
  expect(matches(found, "", "offline")).toBe(false);
});

it("counts slots and running tasks of those that are there", () => {
  const rows = [workerRow("a"), workerRow("b", { slots: null }), workerRow("c", { online: false, active: 3 })];
  expect(countersOf(rows)).toEqual({ online: 2, offline: 1, active: 2, slots: 4, processed: 30, succeeded: 24, failed: 6, retried: 3 });
  expect(countersOf([workerRow("b", { slots: null })]).slots).toBeNull();
});

it("reads answers of inspect in whatever form they come", () => {
  expect(inspectedTask({ id: "u", name: "tasks.add", args: [1, 2], kwargs: {}, time_start: 5, worker_pid: 7, acknowledged: true })).toEqual(
    {
      id: "u",
      name: "tasks.add",
      args: "[1,2]",
      kwargs: "{}",
      startedAt: 5,
      pid: 7,
      acknowledged: true,
      eta: null,
    },
  );
  expect(inspectedTask({ eta: "2026-01-01T00:00:00Z", request: { id: "u" } })).toMatchObject({
    id: "u",
    name: null,
    eta: "2026-01-01T00:00:00Z",
  });
  expect(inspectedQueue({ name: "q", exchange: { name: "x", type: "direct" }, routing_key: "k", durable: true })).toEqual({
    name: "q",
    exchange: "x (direct)",
    routingKey: "k",
    flags: ["durable"],
  });
  expect(inspectedQueue({})).toMatchObject({ name: "", exchange: null });
  expect(registeredTask("tasks.add [rate_limit=10/m time_limit=30]")).toEqual({
    name: "tasks.add",
    facts: { rate_limit: "10/m", time_limit: "30" },
  });
  expect(registeredTask("tasks.add")).toEqual({ name: "tasks.add", facts: {} });
  expect(pairsOf({ a: 1, b: null, c: [1], d: "" })).toEqual([
    ["a", "1"],
    ["c", "[1]"],
  ]);
});

it("says in words what a pool tells of itself, whichever language it is of", () => {
  const ours = {
    "max-concurrency": 4,
    processes: [7, 7, 8],
    "max-tasks-per-child": "N/A",
    timeouts: [0, 0],
    "put-guarded-by-semaphore": false,
  };
  expect(Object.fromEntries(poolFacts({ ...ours, writes: { total: 12, avg: "0.25", raw: "2, 3, 4, 3" } }))).toEqual({
    "Max concurrency": "4",
    Processes: "7, 8",
    "Max tasks per child": "no limit",
    Timeouts: "none",
    "Put guarded by semaphore": "no",
    Writes: "12 (2, 3, 4, 3)",
  });
  expect(poolFacts({ timeouts: [30, 60], writes: "N/A", implementation: "solo", processes: null })).toEqual([
    ["Timeouts", "soft 30 s, hard 60 s"],
    ["Writes", "N/A"],
    ["Implementation", "solo"],
  ]);
});
