/**
 * A process like an API's: `api.ts <broker> <seconds> <tasks a second>` sends tasks at that pace, waits for each result, and watches
 * its event loop. It prints one line of JSON.
 */
import { setTimeout as pause } from "node:timers/promises";
import { createApp } from "@celeriac/core";
import type { late } from "../../programs/fault/app.ts";
import { machineMs } from "../../programs/machine-clock.ts";
import { type LoopReport, watchLoop } from "./loop-watch.ts";

export interface ApiReport {
  readonly loop: LoopReport;
  /** how long delay() took each time, ms */
  readonly sendMs: readonly number[];
  readonly errors: readonly string[];
}

const [broker = "", seconds = "1", perSecond = "1"] = process.argv.slice(2);
const sendMs: number[] = [];
const errors: string[] = [];
const app = createApp("api", { broker });
const task = app.declare<typeof late>("fault.late");

async function request(): Promise<void> {
  const startedAt = performance.now();
  try {
    const sent = await task.applyAsync([machineMs()], { queue: "api" });
    sendMs.push(performance.now() - startedAt);
    await sent.get({ timeout: "120s" });
  } catch (error) {
    errors.push(String(error));
  }
}

await app.connect();
// What comes before is the start of a process, with its modules to load and compile.
for (let n = 0; n < 50; n++) await request();
sendMs.length = 0;
const loop = watchLoop();
const startedAt = performance.now();
const requests: Promise<void>[] = [];
for (let n = 0; n < Number(seconds) * Number(perSecond); n++) {
  const waitMs = startedAt + (n * 1_000) / Number(perSecond) - performance.now();
  if (waitMs > 0) await pause(waitMs);
  requests.push(request());
}
const watched = loop.end();
await Promise.all(requests);
await app.close();
console.log(JSON.stringify({ loop: watched, sendMs, errors } satisfies ApiReport));
