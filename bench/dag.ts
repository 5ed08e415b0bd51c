/**
 * `npm run bench:dag`: what scheduling costs: many DAGs of many tasks, whose instances end as soon as they are handed over. How long a round takes, idle
 * and busy, and how many instances go through a second. Then fewer of them, run by a worker, beside the raw queue.
 */
import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { createEventBuffer } from "../packages/airflow-bridge/src/dag/executors/event-buffer.ts";
import type { Executor, QueuedInstance } from "../packages/airflow-bridge/src/dag/executors/executor.ts";
import { beginTry } from "../packages/airflow-bridge/src/dag/runner/try-begin.ts";
import { endTry, tryEndOf } from "../packages/airflow-bridge/src/dag/runner/try-end.ts";
import { createRounds } from "../packages/airflow-bridge/src/dag/scheduler/rounds.ts";
import { openDagStore } from "../packages/airflow-bridge/src/dag/store/open-store.ts";
import type { DagStore } from "../packages/airflow-bridge/src/dag/store/store.ts";
import { silentLogger, systemClock } from "../packages/core/src/runtime.ts";
import { dagModel, type TaskSketch } from "../test/support/dag/model.ts";
import { fastScheduler } from "../test/support/dag/scheduling.ts";
import { startPostgres } from "../test/support/postgres-server.ts";
import { temporaryDirectory } from "../test/support/private-process.ts";
import { startRedis } from "../test/support/redis-server.ts";
import { ratioOfRates, ratioText } from "./ratio.ts";
import { rateOf } from "./raw-queue.ts";
import { percentile } from "./row.ts";

const { values: given } = parseArgs({
  options: {
    dags: { type: "string", default: "1000" },
    tasks: { type: "string", default: "20" },
    stores: { type: "string", default: "SQLite,PostgreSQL" },
    "queued-dags": { type: "string", default: "100" },
    reps: { type: "string", default: "3" },
  },
});
const [dagCount, taskCount] = [Number(given.dags), Number(given.tasks)];
const atOnce = 500;
const idleRounds = 50;
const hour = 3_600_000;

/** Runs of the worker before those that count, as a share of all. */
const warmupShare = 0.2;

interface Measured {
  readonly idleMs: readonly number[];
  readonly busyMs: readonly number[];
  readonly schedulingMs: number;
  /** of this process while it scheduled */
  readonly cpuMs: number;
  readonly wholeMs: number;
}

/** In layers of five, each task behind two of the layer before. One run is due. */
function manyDags() {
  const tasks: Record<string, TaskSketch> = {};
  for (let at = 0; at < taskCount; at += 1) {
    const above = at - (at % 5) - 5;
    tasks[`t${at}`] = { after: above < 0 ? [] : [`t${above + (at % 5)}`, `t${above + ((at + 1) % 5)}`] };
  }
  const schedule = { when: "@hourly", tz: "UTC", timetable: "trigger" } as const;
  const startAt = Math.floor(Date.now() / hour) * hour;
  return Array.from({ length: dagCount }, (_, n) => dagModel(tasks, { id: `dag${n}`, schedule, startAt, catchUp: true }));
}

async function measure(store: DagStore): Promise<Measured> {
  const handed: QueuedInstance[] = [];
  const events = createEventBuffer();
  const executor: Executor = {
    ...{ name: "celery", slots: atOnce, onEvent: events.onEvent },
    async start() {},
    queue: async (instances) => void handed.push(...instances),
    sync: async () => [],
    adopt: async () => [],
    async revoke() {},
    async end() {},
  };
  const dags = manyDags();
  const settings = { ...fastScheduler, heartbeatMs: 5_000, deadAfterMs: 30_000, silentAfterMs: 30_000, queueAtOnce: atOnce };
  await store.write(({ pools }) => pools.put({ name: "default_pool", slots: 100_000, includeDeferred: false }));
  await store.write(({ schedulers }) =>
    schedulers.put({ id: "bench", hostname: "here", startedAt: Date.now(), heartbeatAt: Date.now() + hour }),
  );
  const rounds = createRounds({ id: "bench", store, executor, settings, clock: systemClock, logger: silentLogger, dags: () => dags });
  const busyMs: number[] = [];
  let cpuMs = 0;
  const since = performance.now();
  for (let ended = 0; ended < dagCount * taskCount; ) {
    const [begun, used] = [performance.now(), process.cpuUsage()];
    await rounds.round();
    busyMs.push(performance.now() - begun);
    const { user, system } = process.cpuUsage(used);
    cpuMs += (user + system) / 1_000;
    ended += handed.length;
    for (const instance of handed.splice(0)) await run(store, instance);
  }
  const wholeMs = performance.now() - since;
  while ((await rounds.round()) < Date.now());
  const idleMs: number[] = [];
  for (let round = 0; round < idleRounds; round += 1) {
    const begun = performance.now();
    await rounds.round();
    idleMs.push(performance.now() - begun);
  }
  const left = await store.read(({ runs }) => runs.countActive());
  if (left.length > 0) throw new Error(`${left.length} runs were not over`);
  return { idleMs, busyMs, schedulingMs: busyMs.reduce((sum, ms) => sum + ms, 0), cpuMs, wholeMs };
}

/** The two transactions of a runner whose work takes no time. */
async function run(store: DagStore, instance: QueuedInstance): Promise<void> {
  const begun = await store.write((tables) => beginTry(tables, instance, instance.externalId, { now: Date.now(), hostname: "here" }));
  if (begun === null) throw new Error(`${instance.taskId} was not queued`);
  const rules = { now: Date.now(), maxXcomBytes: 1_000 };
  await store.write((tables) => endTry(tables, begun.instance, tryEndOf({ kind: "success", value: null }, begun, undefined, rules)));
}

interface StorePlace {
  readonly url: string;
  stop(): Promise<void>;
}

const stores: Readonly<Record<string, () => Promise<StorePlace>>> = {
  SQLite: async () => {
    const folder = temporaryDirectory("bench-dag");
    return { url: `sqlite://${folder.path}/dags.db`, stop: async () => folder.remove() };
  },
  PostgreSQL: async () => {
    const server = await startPostgres();
    return { url: await server.database("dags"), stop: () => server.stop() };
  },
};

async function roundRow(name: string): Promise<string> {
  const place = await stores[name]!();
  const context = { clock: systemClock, logger: silentLogger, credentials: null, durability: "process", defaultPoolSlots: 128 } as const;
  const store = await openDagStore(place.url, context);
  try {
    const { idleMs, busyMs, schedulingMs, cpuMs, wholeMs } = await measure(store);
    const count = dagCount * taskCount;
    const rounds = [percentile(idleMs, 0.5), percentile(busyMs, 0.5), percentile(busyMs, 0.99)];
    const rates = [count / (schedulingMs / 1_000), count / (wholeMs / 1_000)].map(Math.round);
    return `| ${[name, ...[...rounds, schedulingMs / count, cpuMs / count].map((value) => `${ms(value)} ms`), ...rates].join(" | ")} |`;
  } finally {
    await store.close();
    await place.stop();
  }
}

/** In turns: what slows the machine for a while meets both. */
async function queueRow(name: string): Promise<string> {
  const dags = Number(given["queued-dags"]);
  const load = { dags, tasks: taskCount, warmup: Math.floor(dags * taskCount * warmupShare), slots: atOnce };
  const [own, raw]: [number[], number[]] = [[], []];
  const redis = await startRedis();
  try {
    for (let rep = 0; rep < Number(given.reps); rep += 1) {
      const place = await stores[name]!();
      const broker = (number: number) => redis.url.replace(/\/0$/, `/${number}`);
      try {
        own.push(await rateOf("dags", { broker: broker(2 * rep), store: place.url }, load));
        raw.push(await rateOf("raw", { broker: broker(2 * rep + 1), store: place.url }, load));
      } finally {
        await place.stop();
      }
    }
  } finally {
    await redis.stop();
  }
  const rate = (rates: readonly number[]) => Math.round(percentile(rates, 0.5));
  return `| ${name} | ${rate(own)} | ${rate(raw)} | ${ratioText(ratioOfRates(own, raw))} |`;
}

const ms = (value: number) => value.toFixed(value < 10 ? 2 : 0);
const load = () => `load ${loadavg()[0]?.toFixed(1)}`;
console.log(`${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.version}, ${load()} before`);
const names = given.stores.split(",");
if (dagCount > 0) {
  console.log(`\n${dagCount} DAGs × ${taskCount} tasks\n`);
  console.log(
    "| store | idle round, p50 | busy round, p50 | p99 | scheduling, of an instance | processor, of an instance | instances/s scheduled | instances/s, with begin and end |",
  );
  console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const name of names) console.log(await roundRow(name));
}
if (Number(given["queued-dags"]) > 0) {
  console.log(`\n${given["queued-dags"]} DAGs × ${taskCount} tasks through Redis and a worker, ${load()} before\n`);
  console.log("| store | instances/s of DAGs | tasks/s of the raw queue | DAGs beside the raw queue |");
  console.log("| --- | ---: | ---: | ---: |");
  for (const name of names) console.log(await queueRow(name));
}
