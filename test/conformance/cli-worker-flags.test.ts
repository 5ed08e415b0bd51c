/** What the flags of `celeriac worker` do to a worker's process and its executors. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { celeriac, startCeleriac } from "../support/celeriac-command.ts";
import { projectFolder } from "../support/project-folder.ts";

const files = {
  "tasks.js":
    'import { createApp } from "celeriac"; export const app = createApp("flags", { broker: "sqlite://./flags.db", config: { taskTimeLimit: 60 } });',
  "more/extra.js": `
    import { app } from "../tasks.js";
    app.task("extra.add", (x, y) => x + y);
    app.task("extra.spin", () => { for (;;); });
    app.bound("extra.patient", (self) => new Promise((resolve) => self.signal.addEventListener("abort", () => resolve(self.signal.reason.name))));
  `,
};
let folder: ReturnType<typeof projectFolder>;

beforeAll(() => {
  folder = projectFolder("worker-flags", files);
  mkdirSync(join(folder.path, "run"));
});
afterAll(() => folder?.remove());

const run = (...words: string[]) => celeriac(folder.path, ["-A", "./tasks.js", ...words]);

it("loads what -I names into its executors, limits tasks, and keeps its pid and its log in files while it runs", async () => {
  const pidfile = join(folder.path, "run/w1.pid");
  writeFileSync(pidfile, "999999999\n");
  expect(await run("-q", "call", "extra.stale", "--any", "--id", "stale")).toMatchObject({ code: 0 });
  const flags = ["-n", "w1@here", "--pidfile", "run/%n.pid", "-f", "run/%n%I.log", "--time-limit", "4", "--soft-time-limit", "200ms"];
  const words = [
    "--workdir",
    folder.path,
    "-A",
    "./tasks.js",
    "worker",
    "-c",
    "1",
    "-I",
    "./more/extra",
    "--purge",
    "-X",
    "mail",
    ...flags,
  ];
  const worker = startCeleriac("/", words);
  try {
    await expect
      .poll(() => existsSync(join(folder.path, "run/w1.log")) && readFileSync(join(folder.path, "run/w1.log"), "utf8"), { timeout: 30_000 })
      .toContain("worker-online");
    expect(readFileSync(pidfile, "utf8")).toBe(`${worker.pid}\n`);
    expect(await run("worker", "--pidfile", pidfile)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/WORKER_STARTUP.*w1\.pid.*is running/),
    });
    expect(await run("-q", "call", "extra.add", "1", "2", "--any", "-w")).toMatchObject({ stdout: "3\n" });
    expect(await run("-q", "call", "extra.patient", "--any", "-w")).toMatchObject({ code: 0 });
    expect(await run("call", "extra.spin", "--any", "-w")).toMatchObject({ code: 3, stderr: expect.stringContaining("TASK_TIME_LIMIT") });
    expect(readFileSync(join(folder.path, "run/w1.log"), "utf8")).toMatch(/"deleted":\{"celery":1\}/);
    expect(worker.output()).toBe("");
  } finally {
    await worker.stop();
  }
  expect(existsSync(pidfile)).toBe(false);
});

it.each([
  [["--workdir", "nowhere", "worker"], 2, /COMMAND_USAGE: --workdir: .*nowhere/],
  [["worker", "-I", "./absent"], 1, /APP_NOT_FOUND: .*\.\/absent/],
  [["worker", "--logfile", "nowhere/at/all.log"], 1, /WORKER_STARTUP: The log file .*all\.log cannot be written/],
  [["worker", "--pidfile", "nowhere/at/all.pid"], 1, /WORKER_STARTUP: The pid file .*all\.pid cannot be held/],
])("refuses what it cannot do: %j", async (words, code, message) => {
  expect(await run(...words)).toMatchObject({ code, stderr: expect.stringMatching(message) });
});
