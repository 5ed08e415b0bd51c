/**
 * What task code leaves behind in a measurement: how many runs there were and when, and how late each start was.
 * Kept in variables and written every few milliseconds to a file of this thread's own, so that counting costs a run next to nothing.
 */
import { openSync, writeSync } from "node:fs";
import { threadId } from "node:worker_threads";

const folder = process.env.BENCH_TALLY ?? "";
const flushMs = 5;
/** The system's monotonic clock is the same in every process (Python's `time.monotonic_ns` too); performance.now() is cheaper to read. */
const origin = originOf(performance);

let runs = 0;
let lastAt = 0;
let starts = [];
let armed = false;
let runsFile = -1;
let startsFile = -1;

/** Where `performance.now()` begins on the machine's clock: of several tries the one in which least time passed between the readings. */
function originOf(clock) {
  let best = { span: Infinity, origin: 0 };
  for (let attempt = 0; attempt < 100; attempt++) {
    const before = process.hrtime.bigint();
    const now = clock.now();
    const span = Number(process.hrtime.bigint() - before) / 1e6;
    if (span < best.span) best = { span, origin: Number(before) / 1e6 + span / 2 - now };
  }
  return best.origin;
}

/** Milliseconds of the clock all processes of this machine share. */
export function now() {
  return origin + performance.now();
}

/** One run of a no-op task. */
export function count() {
  runs++;
  lastAt = performance.now();
  if (!armed) arm();
}

/** One run of a task that was sent at `sentAt`. */
export function stamp(sentAt) {
  starts.push(now() - sentAt);
  count();
}

function arm() {
  armed = true;
  if (folder !== "") setTimeout(flush, flushMs).unref();
}

function flush() {
  armed = false;
  if (runsFile === -1) runsFile = openSync(`${folder}/${process.pid}-${threadId}.runs`, "a");
  writeSync(runsFile, new Uint8Array(Float64Array.of(origin + lastAt, runs).buffer));
  if (starts.length === 0) return;
  if (startsFile === -1) startsFile = openSync(`${folder}/${process.pid}-${threadId}.starts`, "a");
  writeSync(startsFile, new Uint8Array(Float64Array.from(starts).buffer));
  starts = [];
}
