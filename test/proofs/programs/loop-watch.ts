/** Watches the event loop of the process it runs in: a tick is due every 5 ms, and what comes later than that was a stall. */
import { readFileSync } from "node:fs";
import { percentile } from "../figure.ts";

export interface LoopReport {
  /** longest stall, ms, whatever it came from */
  readonly worstMs: number;
  /** longest stall less the time for which the thread could have run but no core was free for it, ms: what its own process did to it */
  readonly worstOwnMs: number;
  /** of all ticks' lateness, ms */
  readonly p99Ms: number;
}

const tickMs = 5;

export function watchLoop(): { end(): LoopReport } {
  const lateness: number[] = [];
  let worstOwnMs = 0;
  let last = performance.now();
  let waited = waitedMs();
  const ticker = setInterval(() => {
    const [now, nowWaited] = [performance.now(), waitedMs()];
    const stallMs = now - last - tickMs;
    lateness.push(stallMs);
    worstOwnMs = Math.max(worstOwnMs, stallMs - (nowWaited - waited));
    [last, waited] = [now, nowWaited];
  }, tickMs);
  return {
    end() {
      clearInterval(ticker);
      return { worstMs: percentile(lateness, 1), worstOwnMs, p99Ms: percentile(lateness, 0.99) };
    },
  };
}

/** How long this thread has waited for a core so far; the kernel counts it in ns. */
function waitedMs(): number {
  return Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[1]) / 1e6;
}
