import picocolors from "picocolors";
import { describe, expect, it } from "vitest";
import { readableLine } from "../../../packages/cli/src/readable-log.ts";

const time = "2026-03-04T05:06:07.089Z";
const taskId = "6f1e7c1a-0000-4000-8000-000000000000";

function readable(fields: object, columns = 80): string {
  return readableLine(`${JSON.stringify({ level: "info", time, ...fields })}\n`, {
    colors: picocolors.createColors(false),
    columns: () => columns,
  });
}

describe("a line of the log for people", () => {
  it("has time, level, message, task, run time and the beginning of the id", () => {
    const fields = { worker: "celery@host", task: "shop.add", taskId, attempt: 0, runtime: 0.0123, msg: "task-succeeded" };
    expect(readable(fields)).toBe("05:06:07  info   task-succeeded  shop.add  0.012 s  6f1e7c1a\n");
  });

  it("shows the whole id where there is room", () => {
    expect(readable({ task: "shop.add", taskId, msg: "task-received" }, 120)).toContain(taskId);
  });

  it("shows other fields by name, texts with spaces in quotes, lists without brackets", () => {
    expect(readable({ msg: "x", queues: ["a", "b"], reason: "no answer", retryInMs: 250, empty: null })).toBe(
      '05:06:07  info   x  queues=a,b  reason="no answer"  retryInMs=250\n',
    );
  });

  it("tells attempts from the second on", () => {
    expect(readable({ msg: "task-received", attempt: 0, retries: 0 })).not.toMatch(/attempt|retries/);
    expect(readable({ msg: "task-received", attempt: 2 })).toContain("attempt=2");
  });

  it("puts stacks below, and what a task prints behind a bar", () => {
    expect(readable({ level: "error", msg: "broken", error: { message: "no", stack: "Error: no\n    at here" } })).toBe(
      "05:06:07  error  broken\n  Error: no\n      at here\n",
    );
    expect(readable({ msg: "hello", stream: "stdout", task: "shop.add" })).toBe("05:06:07  info   │ hello  shop.add\n");
  });

  it("passes on what is no log line", () => {
    expect(readableLine("plain text\n", { colors: picocolors.createColors(false), columns: () => 80 })).toBe("plain text\n");
  });
});
