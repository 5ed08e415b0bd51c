/** What a worker tells of itself: counts, pool, broker, resources, settings. Shapes are Celery's, which its tools read. */
import { durationMs, redactUrl, reportOf, reportText, shownSettings } from "@celeriac/core/runtime";
import type { PoolStats } from "../pool.ts";
import type { Commands } from "./command.ts";
import type { Desk } from "./desk.ts";

export const stateCommands: Commands<"ping" | "stats" | "conf" | "clock" | "memsample" | "report"> = {
  ping: () => ({ ok: "pong" }),
  clock: ({ runtime }) => ({ clock: runtime.lamport.value }),
  memsample: () => `${Math.round(process.memoryUsage().rss / 1_048_576)}.0MB`,
  report: ({ runtime }) => ({ ok: reportText(reportOf(runtime)) }),
  conf: ({ runtime }, { with_defaults: all }) => shownSettings(runtime.settings, all === true),
  stats: (desk) => {
    const { runtime, teller, startedAt, demand } = desk;
    return {
      total: teller.received(),
      pid: process.pid,
      clock: String(runtime.lamport.value),
      uptime: Math.floor((runtime.clock.monotonic() - startedAt) / 1_000),
      pool: poolFacts(desk),
      broker: brokerFacts(runtime.settings.brokerUrl),
      prefetch_count: demand(),
      rusage: resourceFacts(),
    };
  },
};

function poolFacts({ pool, runtime }: Desk) {
  const { concurrency, executors, maxTasksPerChild } = pool.stats();
  const { taskSoftTimeLimit, taskTimeLimit } = runtime.settings;
  return {
    "max-concurrency": concurrency,
    processes: executors.map(({ pid }) => pid),
    "max-tasks-per-child": maxTasksPerChild ?? "N/A",
    "put-guarded-by-semaphore": false,
    timeouts: [taskSoftTimeLimit, taskTimeLimit].map((limit) => (limit === null ? 0 : durationMs(limit, "time limit") / 1_000)),
    writes: writeFacts(executors),
    running: executors.reduce((sum, { running }) => sum + running.length, 0),
    queued: executors.reduce((sum, { queued }) => sum + queued, 0),
  };
}

/** How many tasks each executor was sent, and its share of all, as billiard tells it of the pipes to its children. */
function writeFacts(executors: PoolStats["executors"]) {
  const total = executors.reduce((sum, { sent }) => sum + sent, 0);
  const share = (sent: number) => (total === 0 ? 0 : sent / total).toFixed(2);
  return {
    total,
    avg: share(executors.length === 0 ? 0 : total / executors.length),
    all: executors.map(({ sent }) => share(sent)).join(", "),
    raw: executors.map(({ sent }) => sent).join(", "),
    strategy: "fair",
    inqueues: { total: executors.length, active: executors.filter(({ running, queued }) => running.length + queued > 0).length },
  };
}

/** As kombu's Connection.info() has it, as far as a URL says it. */
function brokerFacts(brokerUrl: string | readonly string[]) {
  const [first = "", ...others] = [brokerUrl].flat();
  const url = URL.canParse(first) ? new URL(first) : null;
  const transport = first.slice(0, Math.max(0, first.indexOf(":")));
  return {
    transport,
    hostname: url === null || url.hostname === "" ? null : url.hostname,
    port: url === null || url.port === "" ? null : Number(url.port),
    userid: url === null || url.username === "" ? null : decodeURIComponent(url.username),
    virtual_host: url === null ? null : decodeURIComponent(url.pathname.slice(1)) || "/",
    ssl: transport === "amqps" || transport === "rediss",
    alternates: others.map(redactUrl),
  };
}

/** As Python's getrusage(): seconds and KB. */
function resourceFacts() {
  const usage = process.resourceUsage();
  return {
    utime: usage.userCPUTime / 1e6,
    stime: usage.systemCPUTime / 1e6,
    maxrss: usage.maxRSS,
    minflt: usage.minorPageFault,
    majflt: usage.majorPageFault,
    inblock: usage.fsRead,
    oublock: usage.fsWrite,
    nvcsw: usage.voluntaryContextSwitches,
    nivcsw: usage.involuntaryContextSwitches,
  };
}
