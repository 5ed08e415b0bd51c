/** SQLite: how long after `delay()` was called a task begins, producer and worker being two processes, 100 tasks a second. */
import { setTimeout as pause } from "node:timers/promises";
import { machineMs } from "../programs/machine-clock.ts";
import { createFaultWorld } from "../support/fault/world.ts";
import { aside, atMost, type Proof, percentile } from "./figure.ts";
import type { Bystander } from "./programs/bystander.ts";
import { runProgram } from "./run-program.ts";

const perSecond = 100;
const warmup = 300;
const counted = 1_000;
const repetitions = 3;
const pools = ["prefork", "async"] as const;

export const startLatency: Proof = {
  name: "latency",
  how: `SQLite with \`durability: "full"\`. One process sends ${perSecond} tasks a second and waits for each result, another runs them: ${repetitions} × ${counted} tasks for each pool, in turns. A start takes four hand-overs from thread to thread and one wait for the disk: a process that does nothing else tells how late its timers are, and how long the disk took at the longest, for whatever waits for it then.`,
  async run(tell) {
    const runs: (Starts & { readonly pool: Pool })[] = [];
    for (let repetition = 0; repetition < repetitions; repetition++) {
      for (const pool of pools) {
        const starts = await startsOf(pool);
        runs.push({ ...starts, pool });
        const { p50Ms, p99Ms, bystander } = starts;
        tell(`${pool}: p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, longest fdatasync ${bystander.worstSyncMs.toFixed(1)} ms`);
      }
    }
    const each = (pool: Pool, pick: (starts: Starts) => number) => runs.filter((run) => run.pool === pool).map(pick);
    const timers = runs.map(({ bystander }) => bystander.loop.p99Ms);
    const sync = runs.map(({ bystander }) => bystander.worstSyncMs);
    return [
      ...pools.flatMap((pool) => [
        atMost(`start of a task, ${pool}, p50`, each(pool, p50Of), 5, " ms"),
        atMost(`start of a task, ${pool}, p99`, each(pool, p99Of), 25, " ms"),
      ]),
      aside("timers of an idle process beside it, p99", timers, " ms"),
      aside("fdatasync of 4 kB beside it, longest", sync, " ms"),
    ];
  },
};

type Pool = (typeof pools)[number];

interface Starts {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly bystander: Bystander;
}

const p50Of = ({ p50Ms }: Starts) => p50Ms;
const p99Of = ({ p99Ms }: Starts) => p99Ms;

async function startsOf(pool: Pool): Promise<Starts> {
  const world = createFaultWorld((directory) => `sqlite://${directory}/celeriac.db`);
  try {
    await world.startWorker({ options: { pool, ...(pool === "prefork" ? { concurrency: 2 } : {}) } });
    await world.client.app.connect();
    const beside = runProgram<Bystander>(world, "bystander", [(warmup + counted) / perSecond]);
    const startedAt = performance.now();
    const waiting: Promise<number>[] = [];
    for (let n = 0; n < warmup + counted; n++) {
      const waitMs = startedAt + (n * 1_000) / perSecond - performance.now();
      if (waitMs > 0) await pause(waitMs);
      waiting.push(world.client.late.delay(machineMs()).get());
    }
    const lateness = (await Promise.all(waiting)).slice(warmup);
    return { p50Ms: percentile(lateness, 0.5), p99Ms: percentile(lateness, 0.99), bystander: await beside };
  } finally {
    await world.dispose();
  }
}
