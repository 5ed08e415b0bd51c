/** Results that Celery stored or sent are read, and what we write for the same ending is what it wrote: held against captures of the real one. */
import { describe, expect, it } from "vitest";
import { readException, taskErrorOf } from "../../../packages/core/src/failure.ts";
import { readResult } from "../../../packages/core/src/result-meta.ts";
import { readSnapshot } from "../../../packages/core/src/snapshot.ts";
import { golden, goldenCase } from "../../support/golden.ts";
import { ourResult } from "../../support/golden-ours.ts";

type Members = Record<string, unknown>;

const stored = golden("results-redis").flatMap(({ name, stored }) =>
  stored.filter(({ key }) => key.startsWith("celery-task-meta-")).map(({ text }, index) => ({ title: `${name} ${index}`, text })),
);
const sent = golden("results-rpc").flatMap(({ name, results }) =>
  results.map(({ body }, index) => ({ title: `rpc ${name} ${index}`, text: Buffer.from(body, "base64").toString() })),
);

describe("a result", () => {
  it.each([...stored, ...sent])("of Celery is read: $title", ({ text }) => {
    const theirs = JSON.parse(text) as Members;
    const { date_done: done } = theirs;
    expect(readResult(String(theirs["task_id"]), text)).toEqual({
      taskId: theirs["task_id"],
      status: theirs["status"],
      result: theirs["result"],
      traceback: theirs["traceback"],
      children: theirs["children"] ?? [],
      // Celery 5.2 writes UTC without saying so.
      doneAt: typeof done === "string" ? Date.parse(`${done}Z`) : null,
      retries: theirs["retries"] ?? 0,
      nesting: 0,
      name: theirs["name"] ?? null,
      worker: theirs["worker"] ?? null,
      args: theirs["args"] ?? null,
      kwargs: theirs["kwargs"] ?? null,
      queue: theirs["queue"] ?? null,
      parentId: theirs["parent_id"] ?? null,
    });
  });

  it("of Celery shows in a snapshot what result_extended adds, and nothing of it without", () => {
    const snapshotOf = (text: string) => readSnapshot({ id: "x", taskName: null, known: true, revive: () => undefined }, text);
    const [extended] = stored.filter(({ text }) => text.includes('"name": "proj.echo"')).slice(-1);
    const echoed = { args: [1, "é", null], kwargs: { k: [1.5, { n: true }] } };
    expect(snapshotOf(extended!.text)).toMatchObject({ state: "SUCCESS", name: "proj.echo", queue: "celery", ...echoed });
    expect(snapshotOf('{"status": "SUCCESS", "result": 1, "task_id": "x"}')).toMatchObject({ queue: null, args: null, kwargs: null });
  });

  it("of Celery 5.3 has its typed values read, and a state that cannot be read is none", () => {
    const text = (result: string) => `{"status": "SUCCESS", "result": ${result}, "task_id": "t"}`;
    const typed = '{"__type__": "datetime", "__value__": "2030-01-02T03:04:05+00:00"}';
    expect(readResult("t", text(`[${typed}, NaN, 12345678901234567890]`)).result).toEqual([
      new Date("2030-01-02T03:04:05Z"),
      Number.NaN,
      12345678901234567890n,
    ]);
    expect(() => readResult("t", text('{"__type__": "?", "__value__": 1}'))).toThrow(
      expect.objectContaining({ code: "RESULT_UNREADABLE" }),
    );
  });

  it.each(stored)("of ours is Celery's: $title", ({ text }) => {
    const theirs = JSON.parse(text) as Members;
    const own = JSON.parse(ourResult(theirs)) as Members;
    expect(own).toEqual({ ...theirs, date_done: own["date_done"], retries: theirs["retries"] ?? 0 });
    // Our own member aside, the members come in Celery's order.
    const order = (meta: Members) => Object.keys(meta).filter((name) => name !== "retries");
    expect(order(own)).toEqual(order(theirs));
    if (theirs["date_done"] === null) expect(own["date_done"]).toBeNull();
    else expect(own["date_done"]).toBe(`${String(theirs["date_done"]).slice(0, 23)}000+00:00`);
  });

  it("of a failure tells what Python raised", () => {
    const error = (name: string) => {
      const { taskId, stored } = goldenCase("results-redis", name);
      const { result, traceback } = readResult(taskId, stored.at(-1)?.text ?? "");
      return taskErrorOf(taskId, "proj.task", readException(result, traceback));
    };
    expect(error("failure_valueerror")).toMatchObject({
      code: "TASK_FAILED",
      message: "Task proj.task failed: ValueError: boom",
      remote: { type: "ValueError", module: "builtins", args: ["boom"], traceback: expect.stringMatching(/ValueError: boom\n$/) },
    });
    expect(error("failure_custom").remote).toMatchObject({ type: "CustomError", module: "wireapp", args: [42, { a: [1, 2] }] });
    expect(error("failure_not_registered")).toMatchObject({ code: "TASK_DEAD_LETTERED", remote: { type: "NotRegistered" } });
    expect(error("time_limit_hard")).toMatchObject({ code: "TASK_TIME_LIMIT", remote: { type: "TimeLimitExceeded" } });
    expect(error("autoretry_exhausted").remote).toMatchObject({ type: "OSError", args: [5, "io"] });
  });
});
