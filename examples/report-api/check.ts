/**
 * `npm run check`: starts the example, uses it as its readers would, presses Ctrl-C, and looks whether anything is left.
 * Ends with 1 when anything is not as it should be. BROKER_URL moves it, as it moves the example.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const year = 2014;
const columns = [
  "month,rain_mm,temp_max_mean,temp_max_mean_low,temp_max_mean_high,temp_min_mean,temp_min_mean_low,temp_min_mean_high",
  "wind_mean,days_drizzle,days_fog,days_rain,days_snow,days_sun",
].join(",");

const script = fileURLToPath(new URL("start.ts", import.meta.url));
// In a process group of its own, so that Ctrl-C can come to all of it, as from a terminal.
const example = spawn(process.execPath, [...process.execArgv, script], {
  stdio: ["ignore", "pipe", "pipe"],
  env: { ...process.env, PORT: "0", FLOWER_PORT: "0" },
  detached: true,
});
const ended = once(example, "exit");
let written = "";
for (const stream of [example.stdout, example.stderr])
  stream.on("data", (chunk: Buffer) => {
    written += chunk.toString();
  });

let started: readonly number[] = [];
try {
  const url = await firstUrl();
  checkAnswerTimes();
  await checkRefusals(url);
  await checkMonitor(await checkReport(url));
  started = descendants(example.pid ?? 0);
  assert.ok(started.length >= 3, "API, worker and its processes should run");
  await order(url);
} finally {
  if (example.pid !== undefined && example.exitCode === null) process.kill(-example.pid, "SIGINT");
}
assert.deepEqual(await ended, [0, null], written);
assert.deepEqual(await leftOver(started), [], "what outlived Ctrl-C");
console.log("The example works: it answers 202 and 400, counts progress, serves the CSV, and leaves nothing behind.");

function checkAnswerTimes(): void {
  const times = [...written.matchAll(/([\d.]+) ms {3}the report (computed in the handler|handed to the queue)/g)];
  assert.deepEqual(
    times.map(([, , how]) => how),
    ["computed in the handler", "handed to the queue"],
  );
  for (const [, ms] of times) assert.ok(Number(ms) > 0);
}

async function checkRefusals(url: string): Promise<void> {
  for (const body of [{ year: 2011 }, { year: 2016 }, { year: "soon" }, {}]) {
    const answer = await post(`${url}/reports`, body);
    assert.equal(answer.status, 400);
    assert.match(((await answer.json()) as { error: string }).error, /2012 to 2015/);
  }
  assert.equal((await fetch(`${url}/reports/${crypto.randomUUID()}`)).status, 404);
}

/** Several at once, so that some of them are seen on their way. Resolves with their ids. */
async function checkReport(url: string): Promise<readonly string[]> {
  const orders = await Promise.all(Array.from({ length: 6 }, () => order(url)));
  const progress = (await Promise.all(orders.map(({ status }) => untilSuccess(status)))).flat();
  assert.ok(progress.length > 0, "no progress was seen");
  for (const { done, of } of progress) assert.ok(of === 12 && done >= 0 && done <= 12);
  for (const { file } of orders) {
    const answer = await fetch(file);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type") ?? "", /^text\/csv/);
    checkCsv(await answer.text());
  }
  return orders.map(({ id }) => id);
}

/** These reports, and the worker, are to be seen there; what runs before this one left unfinished may be, too. */
async function checkMonitor(ids: readonly string[]): Promise<void> {
  const monitor = /Monitor\s+(http:\S+)/.exec(written)?.[1] ?? assert.fail(written);
  for (let look = 0; ; look++) {
    const tasks = (await (await fetch(`${monitor}/api/tasks?limit=50`)).json()) as Record<string, { state: string }>;
    if (ids.every((id) => tasks[id]?.state === "SUCCESS")) break;
    assert.ok(look < 100, "the monitor did not show all reports");
    await setTimeout(50);
  }
  assert.equal((await fetch(monitor)).status, 200);
  const workers = (await (await fetch(`${monitor}/api/workers?status=1`)).json()) as Record<string, boolean>;
  assert.deepEqual(Object.values(workers), [true]);
}

/** Every number but the ranges, counted once more from the data. */
function checkCsv(csv: string): void {
  const [header, ...rows] = csv.trimEnd().split("\n");
  assert.equal(header, columns);
  const data = readFileSync(new URL("data/seattle-weather.csv", import.meta.url), "utf8")
    .trim()
    .split("\n");
  const expected = Array.from({ length: 12 }, (_, at) => {
    const month = `${year}-${String(at + 1).padStart(2, "0")}`;
    const days = data.filter((line) => line.startsWith(month)).map((line) => line.split(","));
    const sum = (column: number) => days.reduce((total, day) => total + Number(day[column]), 0);
    const mean = (column: number) => (sum(column) / days.length).toFixed(1);
    const kinds = ["drizzle", "fog", "rain", "snow", "sun"].map((kind) => String(days.filter((day) => day[5] === kind).length));
    return [month, sum(1).toFixed(1), mean(2), mean(3), mean(4), ...kinds];
  });
  const fields = rows.map((row) => row.split(","));
  const counted = fields.map((row) => [...row.slice(0, 3), row[5], ...row.slice(8)]);
  assert.deepEqual(counted, expected);
  for (const row of fields) {
    for (const at of [2, 5]) assert.ok(Number(row[at + 1]) <= Number(row[at]) && Number(row[at]) <= Number(row[at + 2]), row.join());
  }
}

async function order(url: string): Promise<{ readonly id: string; readonly status: string; readonly file: string }> {
  const answer = await post(`${url}/reports`, { year });
  assert.equal(answer.status, 202);
  const body = (await answer.json()) as Record<"id" | "status" | "file", string>;
  assert.deepEqual(body, { id: body.id, status: `${url}/reports/${body.id}`, file: `${url}/reports/${body.id}/file` });
  return body;
}

/** The progress that was seen on the way. */
async function untilSuccess(status: string): Promise<readonly { readonly done: number; readonly of: number }[]> {
  const seen: { done: number; of: number }[] = [];
  for (;;) {
    const answer = await fetch(status);
    const { state, progress } = (await answer.json()) as { state: string; progress?: { done: number; of: number } };
    if (state === "SUCCESS") return seen;
    assert.notEqual(state, "FAILURE");
    if (progress !== undefined) seen.push(progress);
  }
}

function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

async function firstUrl(): Promise<string> {
  while (!written.includes("Ctrl-C")) {
    const [event] = await Promise.race([once(example.stdout, "data").then(() => ["data"]), ended.then(() => ["exit"])]);
    if (event === "exit") throw new Error(`The example ended early:\n${written}`);
  }
  return /Reports\s+(http:\S+)/.exec(written)?.[1] ?? assert.fail(written);
}

function descendants(pid: number): readonly number[] {
  const rows = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((row) => row.trim().split(/\s+/).map(Number));
  const below = (parent: number): readonly number[] =>
    rows.filter(([, ppid]) => ppid === parent).flatMap(([child = 0]) => [child, ...below(child)]);
  return below(pid);
}

/** Those that are still there after a moment: the last to go may need one when their parent has ended. */
async function leftOver(pids: readonly number[]): Promise<readonly number[]> {
  for (let look = 0; look < 100 && pids.some(lives); look++) await setTimeout(50);
  return pids.filter(lives);
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
