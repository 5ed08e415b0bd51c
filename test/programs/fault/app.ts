/** The app of the fault tests: broker, ledger and the point to die at come from the environment, so that a worker and its executors share them. */
import { appendFileSync } from "node:fs";
import { type Config, createApp, type FailureInfo } from "@celeriac/core";
import { armFailpoints, type FailpointName, type RedisTiming, shortenRedisTiming } from "@celeriac/core/testing";
import { machineMs } from "../machine-clock.ts";
import { sampleInto } from "./sampler.ts";

/** FAULT_DIE_AT="<failpoint>:<n>": the process dies with SIGKILL when it comes to that point for the nth time. */
const [dieAt, times = "1"] = (process.env["FAULT_DIE_AT"] ?? "").split(":");
if (dieAt !== undefined && dieAt !== "") {
  let left = Number(times);
  armFailpoints(new Map([[dieAt as FailpointName, () => --left === 0 && process.kill(process.pid, "SIGKILL")]]));
}

/** FAULT_REDIS_TIMING: the times of the protocol on Redis, as JSON. */
const timing = process.env["FAULT_REDIS_TIMING"];
if (timing !== undefined) shortenRedisTiming(JSON.parse(timing) as Partial<RedisTiming>);

export const app = createApp("fault", { config: JSON.parse(process.env["FAULT_CONFIG"] ?? "{}") as Config });

/** FAULT_SAMPLES="<file>:<ms>": what every thread keeps, noted as often. */
const [samples, everyMs] = (process.env["FAULT_SAMPLES"] ?? "").split(":");
if (samples !== undefined && samples !== "") sampleInto(samples, Number(everyMs));

/** Every begin and end of a run is one line, written before the next step: what a killed process did is on disk. */
function note(what: string, n: number, retries: number, id = ""): void {
  const ledger = process.env["FAULT_LEDGER"];
  if (ledger === undefined) throw new Error("FAULT_LEDGER is not set");
  appendFileSync(ledger, `${what} ${n} ${retries} ${process.pid} ${id}\n`);
}

/** What a task of a random canvas does before it gives its value. */
export interface Fate {
  /** how often it asks to be run again */
  readonly retries: number;
  readonly fails: boolean;
  /** its first run ends its process */
  readonly dies: boolean;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Gives back `n` after `ms`. */
export const mark = app.bound("fault.mark", async (self, n: number, ms: number) => {
  note("begin", n, self.request.retries);
  if (ms > 0) await pause(ms);
  note("end", n, self.request.retries);
  return n;
});

/** How late it began, in ms after `sentAt` of the machine's clock. Leaves no line in the ledger. */
export const late = app.task("fault.late", (sentAt: number) => machineMs() - sentAt);

/** Computes for `ms` without giving the event loop a turn. */
export const block = app.task("fault.block", (n: number, ms: number) => {
  note("begin", n, 0);
  const until = performance.now() + ms;
  while (performance.now() < until);
  note("end", n, 0);
  return n;
});

/** Fails `times` times before it gives back how often it was tried. */
export const flaky = app.bound("fault.flaky", { maxRetries: 20 }, async (self, n: number, times: number) => {
  note("begin", n, self.request.retries);
  if (self.request.retries < times) throw self.retry({ countdown: "50ms" });
  note("end", n, self.request.retries);
  return self.request.retries;
});

/** One of many: of 40, one fails, and one fails at first. */
export const steady = app.bound("fault.steady", { maxRetries: 3 }, async (self, n: number) => {
  await pause(2);
  if (n % 40 === 1 && self.request.retries === 0) throw self.retry({ countdown: "500ms" });
  note("end", n, self.request.retries);
  if (n % 40 === 21) throw new Error(`${n} is one of those that fail`);
  return n;
});

/** A follow-up: what comes after `mark` by link. */
export const after = app.bound("fault.after", async (self, n: number) => {
  note("after", n, self.request.retries);
  return n;
});

/** Of a random canvas: gives its number and what it was given, unless its fate is another. */
export const canvasStep = app.bound("fault.canvas", { maxRetries: 3 }, (self, given: unknown, n: number, fate: Fate): unknown => {
  if (fate.dies && (self.request.deliveryCount ?? 0) === 0 && self.request.retries === 0) process.kill(process.pid, "SIGKILL");
  if (self.request.retries < fate.retries) throw self.retry({ countdown: "1ms" });
  if (fate.fails) throw new Error(`${n} fails`);
  return [n, given];
});

export const double = app.task("fault.double", (n: number) => 2 * n);

/** An error callback: notes the case it is of, and its own id. */
export const told = app.bound("fault.told", (self, _failed: string, _failure: FailureInfo | null, n: number) => {
  note("told", n, self.request.retries, self.request.id);
});

/** The body of a chord of marks: how often it ran is how many lines it left. */
export const gather = app.task("fault.gather", (values: readonly number[]) => {
  const total = values.reduce((sum, value) => sum + value, 0);
  note("after", total, 0);
  return total;
});

/** Ends the process it runs in. */
export const poison = app.bound("fault.poison", async (self, n: number) => {
  note("begin", n, self.request.retries);
  process.kill(process.pid, "SIGKILL");
  await pause(60_000);
});
