/** How long a process could have run and no core was free for it: what others do to it. The kernel counts it, for each thread, in ns. */
import { readdirSync, readFileSync } from "node:fs";

/** Of all its threads together, ms. */
export function coreWaitMsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + waitMsOf(`/proc/${pid}/task/${thread}/schedstat`), 0);
}

function waitMsOf(path: string): number {
  try {
    return Number(readFileSync(path, "utf8").split(" ")[1]) / 1e6;
  } catch {
    // It has ended since it was listed.
    return 0;
  }
}
