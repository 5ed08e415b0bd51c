/** The walk of a delivery through a worker: each is settled once, with what its ending asks for, and none is forgotten. */
import { registerBuiltIns, runtimeOf, type Settlement } from "@celeriac/core/runtime";
import { describe, expect, it } from "vitest";
import { deriveId } from "../../../packages/core/src/derived-id.ts";
import { resultTextOf } from "../../../packages/core/src/result-form.ts";
import { readResult } from "../../../packages/core/src/result-meta.ts";
import type { Ending } from "../../../packages/core/src/run.ts";
import { link } from "../../support/execution.ts";
import { delivered, resultOf, startWalk, succeeded } from "../../support/walk.ts";

const acknowledge = { kind: "acknowledge" };
const tasksIn = (settlement: Settlement | undefined) => settlement?.publish.map(({ envelope }) => envelope.headers["task"]);

describe("a delivery", () => {
  it("is run, and settled once with its result", async () => {
    const { walk, settlements } = await delivered();
    expect([walk.running.length, settlements]).toEqual([1, []]);
    await walk.end(succeeded(3));
    expect(settlements).toMatchObject([{ publish: [], then: acknowledge }]);
    expect(resultOf(settlements[0])).toMatchObject({ status: "SUCCESS", result: 3, retries: 0 });
    expect(walk.counts()).toEqual({ "task-received": 1, "task-succeeded": 1 });
    await walk.consumer.idle();
  });

  it("stores its result as result_serializer says", async () => {
    const { walk, settlements } = await delivered({}, {}, { config: { resultSerializer: "msgpack" } });
    await walk.end(succeeded(3));
    const { content, text } = settlements[0]?.results[0] ?? {};
    expect(readResult("t", resultTextOf(Buffer.from(content?.bytes ?? ""), ["msgpack"]))).toEqual(readResult("t", text ?? ""));
  });

  it("stores its result before it is settled where that is not one step, and again until it is stored", async () => {
    const { walk, settlements } = await delivered({}, {}, { settlesResults: false });
    walk.fail("store", 2);
    await walk.end(succeeded(3));
    expect([walk.stored, settlements]).toEqual([[], []]);
    await walk.clock.advance(1_000);
    expect(walk.stored).toMatchObject([{ state: "SUCCESS" }]);
    expect(settlements).toEqual([{ results: [], publish: [], then: acknowledge }]);
  });

  it("is settled again until the broker takes it, or the worker gives up", async () => {
    const away = new Error("not connected");
    const { walk, settlements } = await delivered({}, { answers: [away, away] });
    await walk.end(succeeded(3));
    await walk.clock.advance(1_000);
    expect(settlements).toHaveLength(1);
    const other = await delivered({}, { answers: Array(1_000).fill(away) });
    await other.walk.end(succeeded(3));
    other.walk.giveUp.abort();
    await other.walk.consumer.idle();
    expect(other.settlements).toEqual([]);
  });

  it("whose claim is lost changes nothing and is counted", async () => {
    const { walk } = await delivered({}, { answers: ["lost"] });
    await walk.end(succeeded(3));
    expect(walk.counts()).toEqual({ "task-received": 1, "task-lost": 1 });
  });

  it.each<[string, object, object]>([
    ["before its time is parked, uncounted", { eta: "2026-01-02T00:01:00Z" }, { kind: "requeue", afterMs: 60_000, counted: false }],
    ["after its time is revoked", { expires: "2026-01-01T00:00:00Z" }, acknowledge],
    ["both before its eta and after its expiry is revoked", { eta: "2026-01-03T00:00:00Z", expires: "2026-01-01T00:00:00Z" }, acknowledge],
  ])("%s", async (_what, headers, then) => {
    const { walk, settlements } = await delivered({}, { headers: { ...headers } });
    expect([walk.running, settlements.map((settlement) => settlement.then)]).toEqual([[], [then]]);
    expect(resultOf(settlements[0])?.["status"]).toBe("expires" in headers ? "REVOKED" : undefined);
  });

  it("in the past or at once is not parked", async () => {
    const { walk } = await delivered({}, { headers: { eta: "2020-01-01T00:00:00Z" } });
    expect(walk.running).toHaveLength(1);
  });

  it("of a task that has no code here is a dead letter, and fails as NotRegistered", async () => {
    const walk = startWalk();
    const settlements = walk.deliver("unheard", { body: [[], {}, { errbacks: [link("on.error")] }] });
    await walk.clock.advance(0);
    expect(settlements).toMatchObject([{ publish: [], then: { kind: "deadLetter" } }]);
    expect(resultOf(settlements[0])).toMatchObject({ status: "FAILURE", result: { exc_type: "NotRegistered" } });
  });

  it("that cannot be read is a dead letter, as soon as the broker can take it", async () => {
    const away = new Error("not connected");
    const { walk, settlements } = await delivered({}, { headers: { eta: "no date" }, answers: [away, away] });
    await walk.clock.advance(1_000);
    expect(settlements).toEqual([{ results: [], publish: [], then: { kind: "deadLetter", reason: expect.stringContaining("eta") } }]);
  });

  it("that is larger than may be run is a dead letter, and fails", async () => {
    const { walk, settlements } = await delivered({}, { body: [["x".repeat(2_000)], {}, null] }, { config: { maxMessageBytes: 1_024 } });
    const reason = "MESSAGE_TOO_LARGE: Body is 2014 bytes, more than maxMessageBytes (1024)";
    expect(walk.running).toEqual([]);
    expect(settlements).toMatchObject([{ publish: [], then: { kind: "deadLetter", reason } }]);
    expect(resultOf(settlements[0])).toMatchObject({ status: "FAILURE", result: { exc_type: "Reject", exc_message: [reason] } });
  });

  it("of protocol 1 is run as one of protocol 2", async () => {
    const old = { task: "t", id: "old", args: [1], kwargs: {}, retries: 2, utc: true, timelimit: [9, 8], taskset: "g", callbacks: null };
    const { walk, settlements } = await delivered({}, { headers: { task: undefined, id: undefined, retries: undefined }, body: old });
    const [run] = walk.running;
    expect(run).toMatchObject({ id: "old", task: "t", timeLimitMs: 9_000, softTimeLimitMs: 8_000, headers: { argsrepr: "(1,)" } });
    expect(JSON.parse(new TextDecoder().decode(run?.body))).toEqual([
      [1],
      {},
      { callbacks: null, errbacks: null, chain: null, chord: null },
    ]);
    await walk.end(succeeded(3));
    expect(resultOf(settlements[0])).toMatchObject({ status: "SUCCESS", task_id: "old", retries: 2, group_id: "g" });
  });

  it("of no protocol is a dead letter", async () => {
    for (const body of [
      { id: "old", args: [] },
      { task: "t", args: 1 },
      { task: "t", kwargs: [] },
      { task: "t", args: [] },
      [[], {}, {}],
    ]) {
      const { walk, settlements } = await delivered({}, { headers: { task: undefined, id: undefined }, body });
      expect(walk.running).toEqual([]);
      expect(settlements).toEqual([
        {
          results: [],
          publish: [],
          then: { kind: "deadLetter", reason: expect.stringMatching(/^MESSAGE_UNDECODABLE: Not a task message/) },
        },
      ]);
    }
  });

  it("twice of one task at once is two walks, each with its own states", async () => {
    const { walk } = await delivered({ trackStarted: true }, { id: "same" });
    const second = walk.deliver("t", { id: "same", headers: { retries: 1 } });
    await walk.clock.advance(0);
    const [, run] = walk.running;
    await walk.end(succeeded(1));
    walk.consumer.poolListener.began(run!, 7);
    walk.consumer.poolListener.updateState(run!, "PROGRESS", "5");
    expect(walk.stored.map(({ state, attempt }) => [state, attempt])).toEqual([
      ["STARTED", 1],
      ["PROGRESS", 1],
    ]);
    await walk.end(succeeded(2));
    expect(resultOf(second[0])).toMatchObject({ result: 2 });
  });
});

describe("a suspect", () => {
  it("is marked as begun before it runs", async () => {
    const { walk } = await delivered({}, { deliveries: 1 });
    expect([walk.begins(), walk.running.length]).toEqual([1, 1]);
  });

  it("is marked again until the broker can be asked, and runs then", async () => {
    const away = new Error("not connected");
    const { walk } = await delivered({}, { deliveries: 1, answers: [away, away, "settled"] });
    expect(walk.running).toEqual([]);
    await walk.clock.advance(1_000);
    expect([walk.begins(), walk.running.length]).toEqual([3, 1]);
  });

  it("whose claim is lost meanwhile does not run", async () => {
    const { walk, settlements } = await delivered({}, { deliveries: 1, answers: ["lost"] });
    expect([walk.running, settlements, walk.counts()]).toEqual([[], [], { "task-received": 1, "task-lost": 1 }]);
  });

  it("that began too often is a dead letter with a reason, and its error callbacks are told", async () => {
    const { settlements } = await delivered({ maxDeliveries: 2 }, { deliveries: 2, body: [[], {}, { errbacks: [link("on.error")] }] });
    expect(settlements).toMatchObject([{ then: { kind: "deadLetter", reason: "began 2 times without an end" } }]);
    expect(resultOf(settlements[0])).toMatchObject({ status: "FAILURE", result: { exc_type: "WorkerLostError" } });
    expect(tasksIn(settlements[0])).toEqual(["on.error"]);
  });

  it("that ends its executor is counted, and a dead letter at the last time; its error callbacks are told", async () => {
    const ending: Ending = { kind: "executorLost", reason: "signal SIGKILL", begun: true };
    const body = [[], {}, { errbacks: [link("on.error")] }];
    const first = await delivered({ maxDeliveries: 2 }, { body });
    await first.walk.end(ending);
    expect(first.settlements).toMatchObject([{ publish: [], then: { kind: "requeue", counted: true } }]);
    const last = await delivered({ maxDeliveries: 2 }, { deliveries: 1, body });
    await last.walk.end(ending);
    expect(last.settlements).toMatchObject([{ then: { kind: "deadLetter" } }]);
    expect(resultOf(last.settlements[0])).toMatchObject({ status: "FAILURE", result: { exc_type: "WorkerLostError" } });
    expect(tasksIn(last.settlements[0])).toEqual(["on.error"]);
  });
});

describe("a task that had succeeded before it was delivered again", () => {
  const success = (retries: number) => `{"status": "SUCCESS", "result": 7, "children": [], "retries": ${retries}, "task_id": "id-1"}`;
  const body = [[], {}, { callbacks: [link("cb")], chain: [link("last"), link("next")] }];

  it("does not run again, but what follows is published from the stored result, under the same ids", async () => {
    const walk = startWalk();
    walk.app.task("t", () => 1);
    walk.results.set("id-1", success(0));
    const settlements = walk.deliver("t", { id: "id-1", redelivered: true, body });
    await walk.clock.advance(0);
    expect([walk.running, settlements.map(({ then }) => then)]).toEqual([[], [acknowledge]]);
    const sent = settlements[0]?.publish.map(({ envelope }) => [
      envelope.headers["task"],
      envelope.headers["id"],
      (JSON.parse(new TextDecoder().decode(envelope.body)) as unknown[])[0],
    ]);
    expect(sent).toEqual([
      ["cb", deriveId("id-1", 0, "callback", 0), [7]],
      ["next", deriveId("id-1", 0, "chain", 0), [7]],
    ]);
  });

  it("publishes what followed the attempt that succeeded, though an older one was delivered again", async () => {
    const walk = startWalk();
    walk.app.task("t", () => 1);
    walk.results.set("id-1", success(2));
    const settlements = walk.deliver("t", { id: "id-1", redelivered: true, body });
    await walk.clock.advance(0);
    expect(settlements[0]?.publish.map(({ envelope }) => envelope.headers["id"])).toEqual([
      deriveId("id-1", 2, "callback", 0),
      deriveId("id-1", 2, "chain", 0),
    ]);
  });

  it("runs where it sends what no result tells: a canvas, or the body of a chord", async () => {
    for (const task of ["celery.chain", "celery.group", "celery.chord", "celery.chunks", "celery.chord_unlock"]) {
      const walk = startWalk({ settlesResults: false });
      registerBuiltIns(runtimeOf(walk.app)!);
      walk.results.set("id-1", success(0));
      walk.deliver(task, { id: "id-1", redelivered: true });
      await walk.clock.advance(0);
      expect(walk.running).toMatchObject([{ task }]);
    }
  });

  it("runs where the stored state is no success, or cannot be read", async () => {
    for (const text of ['{"status": "RETRY", "result": null}', "garbage"]) {
      const walk = startWalk();
      walk.app.task("t", () => 1);
      walk.results.set("id-1", text);
      walk.deliver("t", { id: "id-1", redelivered: true });
      await walk.clock.advance(0);
      expect(walk.running).toHaveLength(1);
    }
  });
});

describe("an ending that no run could tell itself", () => {
  const body = [[], {}, { errbacks: [link("on.error", { queue: "alarm" })] }];

  it("by the hard time limit is a failure, told to the error callbacks", async () => {
    const { walk, settlements } = await delivered({}, { body });
    await walk.end({ kind: "timedOut", limitMs: 1_500 });
    expect(settlements).toMatchObject([{ then: acknowledge, publish: [{ route: { routingKey: "alarm" } }] }]);
    expect(resultOf(settlements[0])).toMatchObject({
      status: "FAILURE",
      result: { exc_type: "TimeLimitExceeded", exc_message: [1.5] },
      children: [[[expect.any(String), null], [[[settlements[0]?.publish[0]?.envelope.headers["id"], null], null]]]],
    });
  });

  it("is a failure all the same where its error callbacks cannot be sent", async () => {
    const never = [[], {}, { errbacks: [link("on.error", { countdown: 1e12 })] }];
    const { walk, settlements } = await delivered({}, { body: never });
    await walk.end({ kind: "timedOut", limitMs: 1_500 });
    expect(settlements).toMatchObject([{ then: acknowledge, publish: [] }]);
  });

  it("is no failure where the run goes back", async () => {
    const { walk, settlements } = await delivered({}, { body });
    await walk.end({ kind: "handedBack" });
    expect(settlements).toEqual([{ results: [], publish: [], then: { kind: "requeue", counted: false } }]);
  });
});

describe("a task that is acknowledged before it runs", () => {
  const early = { acksLate: false };

  it("is acknowledged first, then run; its outcome is stored and its follow-ups published, as soon as they can be", async () => {
    const { walk, settlements } = await delivered(early);
    expect([settlements, walk.running.length]).toEqual([[{ results: [], publish: [], then: acknowledge }], 1]);
    walk.fail("store", 2);
    walk.fail("publish", 2);
    await walk.end(succeeded(3, { publish: [{ envelope: { headers: { task: "next" } }, route: {} } as never] }));
    await walk.clock.advance(2_000);
    expect(walk.stored).toMatchObject([{ state: "SUCCESS" }]);
    expect(walk.published).toMatchObject([{ envelope: { headers: { task: "next" } } }]);
    expect(settlements).toHaveLength(1);
  });

  it("does not run when its claim is lost", async () => {
    const { walk } = await delivered(early, { answers: ["lost"] });
    expect([walk.running, walk.counts()]).toEqual([[], { "task-received": 1, "task-lost": 1 }]);
  });

  it.each<[string, Ending]>([
    ["its executor dies", { kind: "executorLost", reason: "signal SIGKILL", begun: true }],
    ["the worker stops", { kind: "handedBack" }],
  ])("has failed when %s: it cannot go back", async (_when, ending) => {
    const body = [[], {}, { errbacks: [link("on.error")] }];
    const { walk, settlements } = await delivered(early, { body });
    await walk.end(ending);
    expect(settlements).toHaveLength(1);
    expect(walk.stored).toMatchObject([{ state: "FAILURE", text: expect.stringContaining("WorkerLostError") }]);
    expect(walk.published.map(({ envelope }) => envelope.headers["task"])).toEqual(["on.error"]);
  });
});
