/** What an app has to say goes to the logger that it was given. */
import { randomUUID } from "node:crypto";
import { type App, createApp } from "@celeriac/core";
import { describe, expect, it, onTestFinished } from "vitest";

function loggingApp(config: object = {}): { readonly app: App; readonly lines: readonly string[] } {
  const lines: string[] = [];
  const line = (message: string, fields: object = {}) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const logger = { debug: line, info: line, warn: line, error: line };
  const app = createApp("told", { broker: `memory://${randomUUID()}`, config, logger });
  onTestFinished(() => app.close());
  return { app, lines };
}
/** Those of Node's warnings with a code that come until the returned function is called. */
function nodeWarnings(code: string): () => readonly Error[] {
  const heard: Error[] = [];
  const hear = (warning: Error & { readonly code?: string }) => {
    if (warning.code === code) heard.push(warning);
  };
  process.on("warning", hear);
  onTestFinished(() => void process.off("warning", hear));
  return () => heard;
}
const unset = (lines: readonly string[]) => lines.filter((line) => line.startsWith("PRIORITY_DEFAULT_UNSET"));

describe("an app's logger", () => {
  it("is told once, at the first call, of settings that do nothing", async () => {
    const { app, lines } = loggingApp({ worker_lost_wait: 3 });
    expect(lines).toEqual([]);
    await app.sendTask("t");
    await app.sendTask("t");
    expect(lines).toEqual([expect.stringContaining('setting has no effect {"setting":"worker_lost_wait"')]);
  });

  it("has a function for each level", () => {
    const silent = () => {};
    for (const logger of [{}, console.log, { debug: silent, info: silent, warn: silent }, null])
      expect(() => createApp("x", { logger: logger as never })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(() => createApp("x", { logger: console })).not.toThrow();
  });
});

describe("settings that do nothing, in an app without a logger", () => {
  it("are one of Node's warnings at the first call, which shows no values", async () => {
    const warnings = nodeWarnings("SETTING_UNUSED");
    const config = { worker_lost_wait: 3, redis_password: "hunter2" };
    const app = createApp("silent", { broker: `memory://${randomUUID()}`, config });
    onTestFinished(() => app.close());
    await app.sendTask("t");
    await app.sendTask("t");
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings()).toEqual([expect.objectContaining({ name: "CeleriacWarning" })]);
    const [{ message }] = warnings() as [Error];
    expect(message).toMatch(/^Settings of app "silent" have no effect: worker_lost_wait \(a lost executor .*\); redis_password \(/);
    expect(message).not.toContain("hunter2");
  });
});

describe("the first priority in an app without taskDefaultPriority", () => {
  it("is warned of once: what has none comes first on one broker and last on another", async () => {
    const { app, lines } = loggingApp();
    await app.sendTask("t");
    expect(unset(lines)).toEqual([]);
    await app.sendTask("t", [], { priority: 0 });
    await app.sendTask("t", [], { priority: 9 });
    expect(unset(lines)).toEqual([expect.stringContaining("taskDefaultPriority")]);
  });

  it("is one of Node's warnings where there is no logger", async () => {
    const warnings = nodeWarnings("PRIORITY_DEFAULT_UNSET");
    const app = createApp("silent", { broker: `memory://${randomUUID()}` });
    onTestFinished(() => app.close());
    await app.sendTask("t", [], { priority: 5 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings()).toEqual([
      expect.objectContaining({ name: "CeleriacWarning", message: expect.stringContaining("taskDefaultPriority") }),
    ]);
  });

  it("may be a task's own", async () => {
    const { app, lines } = loggingApp();
    app.declare<() => void>("t", { priority: 3 });
    await app.sendTask("t");
    expect(unset(lines)).toHaveLength(1);
  });

  it("is nothing to speak of where the app has one", async () => {
    const { app, lines } = loggingApp({ task_default_priority: 5 });
    await app.sendTask("t", [], { priority: 9 });
    await app.sendTask("t");
    expect(unset(lines)).toEqual([]);
  });
});
