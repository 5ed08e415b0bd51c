/** Starts API, worker and monitor, compares how fast the API answers with and without the queue, and ends all with itself. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { app } from "./tasks.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const celeriac = fileURLToPath(new URL("bin/celeriac.js", import.meta.resolve("celeriac/package.json")));
const isTerminal = process.stdout.isTTY === true;
const children = new Set<ChildProcess>();
const stopping = new AbortController();
const { signal } = stopping;

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(name, () => {
    if (isTerminal) process.stdout.write("\n");
    stop();
  });
}

// Whoever read what we print may be gone: that is no reason to leave the children in a hurry.
process.stdout.on("error", () => {});

/** In sessions of their own, so that Ctrl-C comes to them once, through us; the channel ends them should we be killed. */
function start(words: readonly string[], stdout: "inherit" | "pipe"): ChildProcess {
  const env = { ...process.env, ...(isTerminal ? { FORCE_COLOR: "1", COLUMNS: String(process.stdout.columns) } : {}) };
  const child = spawn(process.execPath, [...process.execArgv, ...words], {
    cwd: here,
    env,
    detached: true,
    stdio: ["ignore", stdout, "inherit", "ipc"],
  });
  children.add(child);
  child.once("exit", (code) => {
    children.delete(child);
    // One without the other is of no use.
    if (signal.aborted) return;
    process.exitCode = code === 0 ? 1 : (code ?? 1);
    stop();
  });
  return child;
}

/** The first call stops both warmly; a second one makes the worker hand back what it runs. */
function stop(): void {
  stopping.abort();
  for (const child of children) child.kill("SIGTERM");
  if (children.size === 0) process.exit();
}

/** Median, in milliseconds, of how long POST takes to answer. */
async function answerTime(url: string, statuses: string[]): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 6; run++) {
    const begin = performance.now();
    const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: '{"year": 2014}', signal });
    const body = await answer.text();
    times.push(performance.now() - begin);
    if (!answer.ok) throw new Error(`POST ${url} answered ${answer.status}: ${body}`);
    if (answer.status === 202) statuses.push((JSON.parse(body) as { status: string }).status);
  }
  // The first one connects and warms up.
  return times.slice(1).sort((left, right) => left - right)[2] ?? 0;
}

/** Flower's port, unless another one was asked for or somebody has it. */
async function monitorPort(): Promise<string> {
  const { FLOWER_PORT: given } = process.env;
  if (given !== undefined) return given;
  const server = createServer();
  const isFree = await new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(5555, "127.0.0.1", () => resolve(true));
  });
  await new Promise((resolve) => server.close(resolve));
  return isFree ? "5555" : "0";
}

/** On this machine alone, and to do with it what one likes. Resolves with where it is. */
async function startMonitor(): Promise<string> {
  const words = ["flower", "--json", `--port=${await monitorPort()}`, "--address=127.0.0.1", "--unauthenticated-api"];
  const { stdout } = start([celeriac, ...words], "pipe");
  if (stdout === null) throw new Error("The monitor has no output");
  for await (const line of createInterface({ input: stdout, signal })) {
    const { msg, url } = JSON.parse(line) as { msg: string; url?: string };
    if (msg !== "monitor-ready" || url === undefined) continue;
    stdout.resume();
    return url;
  }
  throw new Error("The monitor did not start");
}

async function untilDone(status: string): Promise<void> {
  const { state } = (await (await fetch(status, { signal })).json()) as { state: string };
  if (state === "SUCCESS" || state === "FAILURE") return;
  await setTimeout(50, undefined, { signal });
  await untilDone(status);
}

async function main(): Promise<void> {
  // Better one clear error now than one of each process.
  await app.connect();
  await app.close();
  const worker = start([celeriac, "worker", "--text", "--no-banner", "-E"], "pipe");
  // What the worker says about the reports below is of no interest yet.
  worker.stdout?.resume();
  const apiProcess = start(["api.ts"], "inherit");
  const [[{ url }], monitor] = (await Promise.all([once(apiProcess, "message", { signal }), startMonitor()])) as [
    [{ url: string }],
    string,
  ];
  const statuses: string[] = [];
  const inlineMs = await answerTime(`${url}/reports/inline`, statuses);
  const queuedMs = await answerTime(`${url}/reports`, statuses);
  await Promise.all(statuses.map(untilDone));
  console.log(`
  Reports   ${url}
  Monitor   ${monitor}
  Broker    ${app.config.brokerUrl.replace(/:[^:@/]+@/, ":********@")}

  How long POST takes to answer, median of 5:
    ${inlineMs.toFixed(1).padStart(6)} ms   the report computed in the handler
    ${queuedMs.toFixed(1).padStart(6)} ms   the report handed to the queue

  Order a report, in another terminal:
    curl -s ${url}/reports \\
      -H 'content-type: application/json' -d '{"year": 2014}'

  Ctrl-C ends API, worker and monitor.
`);
  worker.stdout?.pipe(process.stdout);
}

await main().catch((error: Error & { code?: string }) => {
  if (signal.aborted) return;
  console.error(`error ${error.code ?? ""}: ${error.message}`.replace(" :", ":"));
  process.exitCode = 1;
  stop();
});
