/** What a thread keeps: every few seconds its garbage is collected, and what is left goes into a file, one line of JSON. */
import { appendFileSync, readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { threadId } from "node:worker_threads";
import { machineMs } from "../machine-clock.ts";

export interface Sample {
  /** of the machine's monotonic clock, ms */
  readonly at: number;
  readonly pid: number;
  /** 0: the process's own */
  readonly thread: number;
  /** of this thread, after its garbage was collected: the heap, and the buffers that it holds outside of it */
  readonly heapMb: number;
  /** sockets, pipes, watchers: what libuv has open for this thread, timers and requests apart */
  readonly handles: number;
  /** of the whole process */
  readonly fds: number;
  readonly rssMb: number;
}

/** As `node --expose-gc` does, for threads and child processes that are started without it. */
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const passing = /^(?:Timeout|Immediate)$|Req/;

export function sampleInto(path: string, everyMs: number): void {
  setInterval(() => {
    collectGarbage();
    const { heapUsed, external, rss } = process.memoryUsage();
    const sample: Sample = {
      at: machineMs(),
      pid: process.pid,
      thread: threadId,
      heapMb: (heapUsed + external) / 2 ** 20,
      handles: process.getActiveResourcesInfo().filter((name) => !passing.test(name)).length,
      fds: readdirSync("/proc/self/fd").length,
      rssMb: rss / 2 ** 20,
    };
    appendFileSync(path, `${JSON.stringify(sample)}\n`);
  }, everyMs).unref();
}
