import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { celeriac, startCeleriac } from "../support/celeriac-command.ts";
import type { PrivateProcess } from "../support/private-process.ts";
import { projectFolder } from "../support/project-folder.ts";

const tasks = `
import { createApp, crontab, every } from "celeriac";
export const app = createApp("shop", { broker: "sqlite://./celeriac.db", config: { timezone: "Europe/Oslo" } });
const add = app.bound("shop.add", ({ request: { headers } }, x, y) => {
  console.log(headers["periodic_task_name"], "is run for", headers["periodic_task_due"]);
  return x + y;
});
app.signals.beatEmbeddedInit.connect(() => console.log("a beat begins inside"));
app.schedule("often", every("100ms"), add.si(1, 2));
app.schedule("nightly", crontab("0 3 * * *"), add.si(3, 4));
`;

const totals = `
import { group } from "celeriac";
import { app } from "./tasks.js";
const add = app.declare("shop.add");
export const sums = group(add.si(1, 2), add.si(3, 4)).pipe(add.s(5));
`;

let folder: ReturnType<typeof projectFolder>;
let beat: PrivateProcess | null = null;
beforeEach(() => {
  folder = projectFolder("cli-beat", { "tasks.js": tasks, "totals.js": totals });
});
afterEach(async () => {
  await beat?.stop();
  beat = null;
  folder.remove();
});

const run = (...words: string[]) => celeriac(folder.path, words);

describe("celeriac beat", () => {
  it("sends what is due until Ctrl-C, and ends with 0", async () => {
    beat = startCeleriac(folder.path, ["beat"]);
    await beat.wrote(/beat-leading/, 30_000);
    await beat.wrote(/"entry":"often".*beat-sent/, 30_000);
    process.kill(beat.pid, "SIGINT");
    expect(await beat.ended).toBe(0);
    const { stdout } = await run("--json", "queues");
    expect(JSON.parse(stdout).queues[0].length).toBeGreaterThan(0);
    const list = JSON.parse((await run("--json", "schedules")).stdout);
    expect(list.entries).toMatchObject([
      { name: "nightly", source: "code", enabled: true, schedule: "0 3 * * *", totalRuns: 0 },
      { name: "often", task: "shop.add", totalRuns: JSON.parse(stdout).queues[0].length },
    ]);
  });

  it("runs in a worker's process with -B, and stops with it", async () => {
    beat = startCeleriac(folder.path, ["worker", "-B", "-P", "solo"]);
    await beat.wrote(/beat-leading/, 30_000);
    await beat.wrote(/"task":"shop.add".*task-succeeded/, 30_000);
    expect(beat.output()).toContain("a beat begins inside");
    expect(beat.output()).toMatch(/"often is run for \d{4}-\d\d-\d\dT[\d:.]+Z"/);
    process.kill(beat.pid, "SIGTERM");
    await beat.wrote(/beat-stopped/, 30_000);
    expect(await beat.ended).toBe(0);
  });

  it("says in an empty folder what to do next", async () => {
    const empty = projectFolder("cli-beat-empty");
    const { code, stderr } = await celeriac(empty.path, ["beat"]);
    empty.remove();
    expect(code).toBe(1);
    expect(stderr).toMatch(/no app was named with -A/);
    expect(stderr).toMatch(/Name with -A the file that calls createApp/);
  });
});

describe("celeriac schedules", () => {
  it("adds, shows, pauses, triggers and removes an entry", async () => {
    expect(
      await run("schedules", "add", "once", "shop.add", "1", "[2]", "--at", "2030-01-01T00:00:00Z", "--catch-up", "all"),
    ).toMatchObject({
      code: 0,
      stdout: "once is due at 2030-01-01T00:00:00.000Z.\n",
    });
    const { stdout } = await run("schedules", "list", "nightly");
    expect(stdout.match(/T0[12]:00:00\.000Z {2}\w{3}, \d\d \w+ \d{4}, 03:00:00 {2}in \d/g)).toHaveLength(10);
    await run("schedules", "pause", "once", "nightly");
    expect((await run("schedules", "list", "once")).stdout).toMatch(/runtime {2}paused[\s\S]*Not due while it is paused\.\n$/);
    expect((await run("schedules", "trigger", "once")).stdout).toMatch(/^once is sent as [0-9a-f-]{36}\n$/);
    expect((await run("schedules", "remove", "nightly")).stderr).toMatch(/SCHEDULE_DECLARED/);
    expect((await run("schedules", "remove", "once")).code).toBe(0);
    expect((await run("schedules", "add", "totals", "--canvas", "./totals.js", "--every", "1h")).code).toBe(0);
    expect((await run("schedules", "list", "totals")).stdout).toMatch(/^totals {2}group\(shop\.add ×2\) \| shop\.add/m);
    expect((await run("schedules", "resume", "once")).stderr).toMatch(/SCHEDULE_UNKNOWN/);
  });

  it.each([
    [["add", "x", "shop.add", "--cron", "61 * * * *"], 1, 'the field minute is "61": expected 0 to 59'],
    [["add", "x", "--every", "1s"], 2, "that of its task or --canvas"],
    [["add", "x", "--every", "1s", "--canvas", "./none.json"], 2, "schedules add --canvas: there is no file ./none.json"],
    [["add", "x", "shop.add", "--every", "1s", "--catch-up", "none"], 2, "--catch-up: expected one of last, skip, all"],
  ])("refuses %j", async (words, code, message) => {
    const end = await run("schedules", ...words);
    expect(end.code).toBe(code);
    expect(end.stderr).toContain(message);
  });
});
