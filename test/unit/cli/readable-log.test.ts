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
  it("has time, level, event, the beginning of the id, task and run time", () => {
    const fields = { worker: "celery@host", task: "shop.add", taskId, attempt: 0, runtime: 0.0123, msg: "task-succeeded" };
    expect(readable(fields)).toBe("05:06:07  info   task-succeeded  6f1e7c1a  shop.add  12 ms\n");
    expect(readable({ ...fields, runtime: 2.0149 })).toMatch(/shop\.add {2}2\.01 s\n$/);
  });

  it("shows the whole id where there is room", () => {
    expect(readable({ task: "shop.add", taskId, msg: "task-received" }, 120)).toContain(taskId);
  });

  it("puts what a task says or prints behind it", () => {
    expect(readable({ task: "mail.send", taskId, msg: "sending", to: "ada" })).toBe(
      "05:06:07  info                   6f1e7c1a  mail.send  sending  to=ada\n",
    );
    const printed = `a  table\tof ${"many ".repeat(20)}`;
    expect(readable({ task: "mail.send", taskId, msg: printed, stream: "stdout", pid: 1 })).toBe(
      `05:06:07  info   stdout          6f1e7c1a  mail.send  ${printed}\n`,
    );
    expect(readable({ level: "warn", msg: "careful", stream: "stderr" })).toBe("05:06:07  warn   stderr          careful\n");
  });

  it("goes on below the event where a line is full, and cuts texts at spaces", () => {
    const fields = { task: "shop.reports.quarterly.build", taskId, msg: "task-received", queue: "reports-of-a-quarter" };
    expect(readable(fields)).toBe(
      "05:06:07  info   task-received   6f1e7c1a  shop.reports.quarterly.build\n                 queue=reports-of-a-quarter\n",
    );
    const long = readable({ msg: "not reachable, trying again", reason: "no answer ".repeat(20).trim(), retryInMs: 250 });
    for (const line of long.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(long.replaceAll(/\s+/g, " ")).toContain(`reason="${"no answer ".repeat(20).trim()}" retryInMs=250`);
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

  it("puts a stack below, without the frames that called the task", () => {
    expect(readable({ level: "error", msg: "broken", error: { message: "no", stack: "Error: no\n    at here" } })).toBe(
      "05:06:07  error  broken\n                 Error: no\n                     at here\n",
    );
    const traceback = [
      "TypeError: no stock",
      "    at order (/shop/node_modules/@celeriac/core/dist/step.js:1:1)",
      "    at Object.run (/shop/tasks.ts:16:9)",
      "    at call (file:///shop/node_modules/@celeriac/worker/dist/execute.js:74:64)",
      "    at AsyncLocalStorage.run (node:async_hooks:346:14)",
      "",
    ].join("\n");
    const failed = { level: "error", task: "shop.fail", taskId, msg: "task-failed", exception: 'TypeError("no stock")', runtime: 0.002 };
    expect(readable({ ...failed, traceback })).toBe(
      [
        "05:06:07  error  task-failed     6f1e7c1a  shop.fail  2 ms",
        "                 TypeError: no stock",
        "                     at order (/shop/node_modules/@celeriac/core/dist/step.js:1:1)",
        "                     at Object.run (/shop/tasks.ts:16:9)",
        "",
      ].join("\n"),
    );
    expect(readable({ ...failed, traceback: null }, 100)).toContain('shop.fail  2 ms  TypeError("no stock")\n');
  });

  it("passes on what is no log line", () => {
    expect(readableLine("plain text\n", { colors: picocolors.createColors(false), columns: () => 80 })).toBe("plain text\n");
  });
});
