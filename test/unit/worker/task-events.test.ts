/** What monitors are told of a task: Celery's events, in order, with Celery's fields. */
import { describe, expect, it } from "vitest";
import type { Ending } from "../../../packages/core/src/run.ts";
import { delivered, startWalk, succeeded } from "../../support/walk.ts";

const error = { type: "ValueError", module: "builtins", args: ["it's", 2], traceback: "Traceback …" };

describe("events of a task", () => {
  it("tell that it came and how it ended", async () => {
    const { walk } = await delivered(
      {},
      {
        id: "the-id",
        headers: { argsrepr: "(1, 2)", kwargsrepr: "{}", root_id: "the-root", parent_id: "the-parent", eta: "2020-01-01T00:00:00+00:00" },
      },
    );
    await walk.end(succeeded({ sum: [3, null, true] }));
    expect(walk.told).toEqual([
      {
        type: "task-received",
        uuid: "the-id",
        name: "t",
        args: "(1, 2)",
        kwargs: "{}",
        root_id: "the-root",
        parent_id: "the-parent",
        retries: 0,
        eta: "2020-01-01T00:00:00+00:00",
        expires: null,
      },
      { type: "task-succeeded", uuid: "the-id", result: "{'sum': [3, None, True]}", runtime: expect.any(Number) },
    ]);
  });

  it("tell that its function began", async () => {
    const { walk } = await delivered({}, { id: "the-id" });
    walk.consumer.poolListener.began(walk.running[0]!, 1);
    expect(walk.told.at(-1)).toEqual({ type: "task-started", uuid: "the-id" });
  });

  it("say a result in 1,024 characters at most", async () => {
    const { walk } = await delivered();
    await walk.end(succeeded("x".repeat(5_000)));
    expect(walk.told.at(-1)?.["result"]).toHaveLength(1_024);
  });

  it.each<[string, Ending, object | null]>([
    [
      "failed",
      { kind: "failed", error, expected: true, unrun: [], children: [], publish: [] },
      { type: "task-failed", exception: `ValueError("it's", 2)`, traceback: "Traceback …" },
    ],
    [
      "retried",
      { kind: "retried", error, publish: [] },
      { type: "task-retried", exception: `ValueError("it's", 2)`, traceback: "Traceback …" },
    ],
    ["ran too long", { kind: "timedOut", limitMs: 1_500 }, { type: "task-failed", exception: "TimeLimitExceeded(1.5)" }],
    ["terminated", { kind: "terminated", signal: "SIGTERM" }, { type: "task-revoked", terminated: true, signum: 15, expired: false }],
    ["rejected", { kind: "rejected", requeue: false, reason: "no" }, { type: "task-rejected", requeue: false }],
    ["put back", { kind: "rejected", requeue: true, reason: "later" }, { type: "task-rejected", requeue: true }],
    ["lost with its executor", { kind: "executorLost", reason: "exit 1", begun: true }, { type: "task-rejected", requeue: true }],
    [
      "aborted",
      { kind: "revoked", reason: "user left", begun: true },
      { type: "task-revoked", terminated: true, signum: null, expired: false },
    ],
    ["ignored", { kind: "ignored" }, null],
    ["handed back", { kind: "handedBack" }, null],
  ])("say that it was %s", async (_what, ending, event) => {
    const { walk } = await delivered({}, { id: "the-id" });
    await walk.end(ending);
    expect(walk.told.slice(1)).toEqual(event === null ? [] : [{ uuid: "the-id", ...event }]);
  });

  it("say that it was revoked, or is unknown, without that it was received", async () => {
    const { walk } = await delivered({}, { id: "late", headers: { expires: "2026-01-01T00:00:00Z" } });
    expect(walk.told).toEqual([{ type: "task-revoked", uuid: "late", terminated: false, signum: null, expired: true }]);
    const other = startWalk();
    other.deliver("unheard", { id: "unheard-id" });
    await other.clock.advance(0);
    expect(other.told).toMatchObject([
      { type: "task-failed", uuid: "unheard-id", exception: expect.stringMatching(/^NotRegistered\(.*unheard/) },
    ]);
  });

  it("say nothing of an ending whose claim was lost", async () => {
    const { walk } = await delivered({}, { answers: ["lost"] });
    await walk.end(succeeded(3));
    expect(walk.told.map(({ type }) => type)).toEqual(["task-received"]);
  });
});
