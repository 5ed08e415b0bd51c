import type { ReceivedEvent } from "@celeriac/core/runtime";
import { describe, expect, it } from "vitest";
import { type HeardTaskEvent, readEvent } from "../../../../packages/flower/src/server/history/heard-event.ts";
import { merge } from "../../../../packages/flower/src/server/history/merge.ts";
import type { TaskRecord } from "../../../../packages/flower/src/server/history/task-record.ts";
import { taskEvent } from "../../../support/heard.ts";

function merged(...events: readonly ReceivedEvent[]): TaskRecord {
  return events.reduce<TaskRecord | null>((known, event) => merge(known, readEvent(event, 1) as HeardTaskEvent), null)!;
}

const call = { name: "tasks.add", args: "(1,)", kwargs: "{}", root_id: "r", parent_id: null, retries: 0, eta: null, expires: null };

describe("merge", () => {
  it.each([
    ["sent", "PENDING"],
    ["received", "RECEIVED"],
    ["started", "STARTED"],
    ["succeeded", "SUCCESS"],
    ["failed", "FAILURE"],
    ["retried", "RETRY"],
    ["revoked", "REVOKED"],
    ["rejected", "REJECTED"],
  ])("takes %s for %s, and keeps when it was", (subject, state) => {
    expect(merged(taskEvent(subject, "t", 5))).toMatchObject({ uuid: "t", state, [subject]: 5, timestamp: 5 });
  });

  it("takes any other event for a state of its name", () => {
    expect(merged(taskEvent("started", "t", 1), taskEvent("cooking", "t", 2))).toMatchObject({ state: "COOKING", timestamp: 2 });
    expect(merged(taskEvent("succeeded", "t", 1), taskEvent("cooking", "t", 2))).toMatchObject({ state: "SUCCESS", succeeded: 1 });
  });

  it("keeps the state that is further on", () => {
    const task = merged(taskEvent("succeeded", "t", 5, { result: "3" }), taskEvent("started", "t", 4));
    expect(task).toMatchObject({ state: "SUCCESS", succeeded: 5, started: 4, result: "3", timestamp: 4 });
  });

  it("takes from a late receipt what only that tells", () => {
    const task = merged(taskEvent("succeeded", "t", 5), taskEvent("received", "t", 3, { ...call, result: "no", queue: "no" }));
    const { name, args, rootId } = { name: "tasks.add", args: "(1,)", rootId: "r" };
    expect(task).toMatchObject({ state: "SUCCESS", timestamp: 5, received: 3, name, args, rootId, result: null, queue: null });
  });

  it("takes all from a late sending", () => {
    const sent = taskEvent("sent", "t", 1, { ...call, queue: "mail", exchange: "", routing_key: "mail" });
    expect(merged(taskEvent("received", "t", 3, call), sent)).toMatchObject({
      ...{ state: "RECEIVED", sent: 1, received: 3, name: "tasks.add", queue: "mail", exchange: "", routingKey: "mail" },
      ...{ client: "gen1@box", worker: "w1@box" },
    });
  });

  it("lets a task that is retried begin again, and a late retry count", () => {
    expect(merged(taskEvent("retried", "t", 5), taskEvent("received", "t", 6, { ...call, retries: 1 }))).toMatchObject({
      state: "RECEIVED",
      retries: 1,
    });
    expect(merged(taskEvent("succeeded", "t", 5), taskEvent("retried", "t", 4))).toMatchObject({ state: "RETRY", timestamp: 4 });
  });

  it("is there again when something is heard of what was lost", () => {
    const lost = { ...merged(taskEvent("started", "t", 5)), lostAt: 9 };
    expect(merge(lost, readEvent(taskEvent("succeeded", "t", 10), 1) as HeardTaskEvent)).toMatchObject({ state: "SUCCESS", lostAt: null });
  });

  it("shows as text what is none, and cuts what is longer than 64 KiB", () => {
    const task = merged(
      taskEvent("received", "t", 1, { ...call, args: [1, null], kwargs: "x".repeat(70_000), retries: "many", expires: 5 }),
    );
    expect(task).toMatchObject({ args: "[1, None]", retries: 0, expires: "5" });
    expect(task.kwargs).toHaveLength(65_537);
  });
});
