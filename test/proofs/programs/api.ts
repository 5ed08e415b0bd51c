/**
 * A process like an API's: `api.ts <broker> <seconds> <tasks a second>` sends tasks at that pace, waits for each result, and prints one line of
 * JSON. With 0 tasks a second it only watches its event loop, to tell what the machine itself does to one.
 */
import { setTimeout as pause } from "node:timers/promises";
import { createApp } from "@celeriac/core";
import type { late } from "../../support/fault/app.ts";
import { machineMs } from "../../support/machine-clock.ts";
import { type LoopReport, watchLoop } from "./loop-watch.ts";

export interface ApiReport {
  readonly loop: LoopReport;
  /** how long delay() took each time, ms */
  readonly sendMs: readonly number[];
  readonly errors: readonly string[];
}

const [broker = "", seconds = "1", perSecond = "0"] = process.argv.slice(2);
const sendMs: number[] = [];
const errors: string[] = [];

if (Number(perSecond) > 0) await serve();
else console.log(JSON.stringify({ loop: await watchFor(Number(seconds) * 1_000), sendMs, errors } satisfies ApiReport));

async function serve(): Promise<void> {
  const app = createApp("api", { broker });
  const task = app.declare<typeof late>("fault.late");
  await app.connect();
  const requests: Promise<void>[] = [];
  const request = async () => {
    const startedAt = performance.now();
    try {
      const sent = await task.applyAsync([machineMs()], { queue: "api" });
      sendMs.push(performance.now() - startedAt);
      await sent.get({ timeout: "120s" });
    } catch (error) {
      errors.push(String(error));
    }
  };
  // What comes before is the start of a process, with its modules to load and compile.
  for (let n = 0; n < 50; n++) await request();
  sendMs.length = 0;
  const loop = watchLoop();
  const startedAt = performance.now();
  for (let n = 0; n < Number(seconds) * Number(perSecond); n++) {
    const waitMs = startedAt + (n * 1_000) / Number(perSecond) - performance.now();
    if (waitMs > 0) await pause(waitMs);
    requests.push(request());
  }
  const report = loop.end();
  await Promise.all(requests);
  await app.close();
  console.log(JSON.stringify({ loop: report, sendMs, errors } satisfies ApiReport));
}

async function watchFor(ms: number): Promise<LoopReport> {
  const loop = watchLoop();
  await pause(ms);
  return loop.end();
}
