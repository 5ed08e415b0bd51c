import { describe, expect, it } from "vitest";
import { startExecution } from "../../support/execution.ts";

describe("the signals of a run", () => {
  const taskErrorOf = (message: string) =>
    expect.objectContaining({ code: "TASK_FAILED", remote: expect.objectContaining({ args: [message] }) });

  it("tell its begin and its end, however it ends for good", async () => {
    const { app, run, told } = startExecution();
    app.task("t", (fails: boolean) => {
      if (fails) throw new RangeError("too far");
      return 1;
    });
    const events = told("taskPrerun", "taskSuccess", "taskFailure", "taskPostrun");
    const about = (more: object = {}) => expect.objectContaining({ id: "id-1", task: "t", ...more });
    await run("t", { args: [false] });
    expect(events.splice(0)).toEqual([
      ["taskPrerun", about()],
      ["taskSuccess", about({ value: 1 })],
      ["taskPostrun", about({ outcome: { state: "SUCCESS", value: 1 } })],
    ]);
    await run("t", { args: [true] });
    expect(events).toEqual([
      ["taskPrerun", about()],
      ["taskFailure", about({ error: new RangeError("too far") })],
      ["taskPostrun", about({ outcome: { state: "FAILURE", error: taskErrorOf("too far") } })],
    ]);
  });

  it("tell of what made it impossible to decide how it ended", async () => {
    const { app, run, told } = startExecution();
    app.task("t", () => {
      throw Object.defineProperty(new Error("hostile"), "name", {
        get() {
          throw new TypeError("unreadable");
        },
      });
    });
    const events = told("taskInternalError", "taskPostrun");
    await expect(run("t", { aborted: { kind: "softTimeLimit", message: "late" } })).rejects.toThrow("unreadable");
    expect(events).toEqual([["taskInternalError", expect.objectContaining({ id: "id-1", task: "t", error: new TypeError("unreadable") })]]);
  });

  it("change nothing when a listener throws", async () => {
    const { app, run } = startExecution();
    app.task("t", () => 1);
    app.signals.taskPrerun.connect(() => {
      throw new Error("listener");
    });
    expect(await run("t")).toMatchObject({ kind: "succeeded" });
  });
});
