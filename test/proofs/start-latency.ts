/** SQLite: how long after `delay()` was called a task begins, producer and worker being two processes, 100 tasks a second. */
import { setTimeout as pause } from "node:timers/promises";
import { createFaultWorld } from "../support/fault/world.ts";
import { machineMs } from "../support/machine-clock.ts";
import { aside, atMost, type Proof, percentile } from "./figure.ts";
import type { ApiReport } from "./programs/api.ts";
import { runProgram } from "./run-program.ts";

const perSecond = 100;
const warmup = 300;
const counted = 1_000;
const repetitions = 3;
const pools = ["prefork", "async"] as const;

export const startLatency: Proof = {
  name: "latency",
  how: `SQLite with \`durability: "full"\`. One process sends ${perSecond} tasks a second and waits for each result, another runs them: ${repetitions} × ${counted} tasks for each pool, in turns. How late the timers of a process are that does nothing else shows what the machine adds to each of the four hand-overs from thread to thread that a start takes.`,
  async run(tell) {
    const runs: (Starts & { readonly pool: Pool })[] = [];
    for (let repetition = 0; repetition < repetitions; repetition++) {
      for (const pool of pools) {
        const starts = await startsOf(pool);
        runs.push({ ...starts, pool });
        tell(`${pool}: p50 ${starts.p50Ms.toFixed(2)} ms, p99 ${starts.p99Ms.toFixed(2)} ms, timers ${starts.timersP99Ms.toFixed(2)} ms`);
      }
    }
    const each = (pool: Pool, pick: (starts: Starts) => number) => runs.filter((run) => run.pool === pool).map(pick);
    const late = runs.map(({ timersP99Ms }) => timersP99Ms);
    return [
      ...pools.flatMap((pool) => [
        atMost(`start of a task, ${pool}, p50`, each(pool, p50Of), 5, " ms"),
        atMost(`start of a task, ${pool}, p99`, each(pool, p99Of), 25, " ms"),
      ]),
      aside("timers of an idle process beside it, p99", late, " ms"),
    ];
  },
};

type Pool = (typeof pools)[number];

interface Starts {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly timersP99Ms: number;
}

const p50Of = ({ p50Ms }: Starts) => p50Ms;
const p99Of = ({ p99Ms }: Starts) => p99Ms;

async function startsOf(pool: Pool): Promise<Starts> {
  const world = createFaultWorld((directory) => `sqlite://${directory}/celeriac.db`);
  try {
    await world.startWorker({ options: { pool, ...(pool === "prefork" ? { concurrency: 2 } : {}) } });
    await world.client.app.connect();
    const bare = runProgram<ApiReport>(world, "api", [(warmup + counted) / perSecond, 0]);
    const startedAt = performance.now();
    const waiting: Promise<number>[] = [];
    for (let n = 0; n < warmup + counted; n++) {
      const waitMs = startedAt + (n * 1_000) / perSecond - performance.now();
      if (waitMs > 0) await pause(waitMs);
      waiting.push(world.client.late.delay(machineMs()).get());
    }
    const lateness = (await Promise.all(waiting)).slice(warmup);
    return { p50Ms: percentile(lateness, 0.5), p99Ms: percentile(lateness, 0.99), timersP99Ms: (await bare).loop.p99Ms };
  } finally {
    await world.dispose();
  }
}
