/** One measurement of one cell: a fresh place, a worker where the workload needs one, a producer, and what they tell. Throws where not all n were done. */
import { setTimeout as pause } from "node:timers/promises";
import { temporaryDirectory } from "../test/support/private-process.ts";
import { type RunningWorkers, runProducer, startWorkers } from "./launch.ts";
import { fillerOf, type ProducerCall, producerProgram, workerPrograms } from "./peers.ts";
import { cpuMsOf } from "./process-tree.ts";
import { type Cell, type Measurement, percentile } from "./row.ts";
import type { Place, Servers } from "./servers.ts";
import { progressOf, runsIn, startsIn } from "./tally.ts";

interface Setup {
  readonly cell: Cell;
  readonly place: Place;
  readonly tally: string;
  readonly limitMs: number;
}

const unmeasured: Measurement = {
  perSecond: 0,
  p50Ms: null,
  p99Ms: null,
  resultP50Ms: null,
  resultP99Ms: null,
  cpuMsPerTask: null,
  brokerCpuMsPerTask: null,
};
const latencyPerSecond = 100;
/** As many as an API and its worker have soon behind them; the first ones after a start are later, whoever runs them. */
const latencyWarmup = 3_000;
const latencyWarmupInFlight = 8;
const drainPollMs = 10;
/** Just-in-time compilers and caches of every peer get as many tasks before the ones that count. */
const longestWarmup = 10_000;

export async function measure(cell: Cell, servers: Servers, limitMs: number): Promise<Measurement> {
  const use = !cell.results ? "none" : cell.workload === "drain" ? "stored" : "awaited";
  const place = await servers.place(cell.broker, use);
  const folder = temporaryDirectory("tally");
  const setup: Setup = { cell, place, tally: folder.path, limitMs };
  try {
    switch (cell.workload) {
      case "enqueue":
        return await enqueue(setup);
      case "drain":
        return await drain(setup);
      case "latency":
        return await latency(setup);
      case "roundtrip":
        return await roundtrip(setup);
    }
  } finally {
    await place.remove();
    folder.remove();
  }
}

async function enqueue(setup: Setup): Promise<Measurement> {
  const { cell, place } = setup;
  const warmup = Math.min(cell.n, cell.inFlight === 1 ? 500 : longestWarmup);
  const brokerBefore = cpuMsOf(place.pids);
  const { seconds, cpuMs, waiting } = await produce(setup, { do: "enqueue", warmup });
  if (waiting !== cell.n) throw new Error(`${cell.n} tasks were sent and ${waiting} wait in the queue`);
  return {
    ...unmeasured,
    perSecond: cell.n / seconds!,
    cpuMsPerTask: cpuMs! / cell.n,
    brokerCpuMsPerTask: brokerCost(place, brokerBefore, cell.n + warmup),
  };
}

/** The queue is full before the worker starts; the first tasks warm it up, and the clock runs from the last of those to the last of all. */
async function drain(setup: Setup): Promise<Measurement> {
  const { cell, place, tally } = setup;
  const warmup = Math.min(cell.n, longestWarmup);
  const total = cell.n + warmup;
  const filler = producerProgram({ ...cell, who: fillerOf(cell.who, cell.broker) }, place, callOf(cell, { do: "fill", n: total }));
  const { waiting } = await runProducer(filler, setup.limitMs);
  if (waiting !== total) throw new Error(`the queue was filled with ${total} tasks and ${waiting} wait in it`);

  const deadlineAt = performance.now() + setup.limitMs;
  const workers = await startWorkers(workerPrograms(cell, place, tally));
  try {
    const from = await untilRuns(setup, workers, warmup, deadlineAt);
    const to = await untilRuns(setup, workers, total, deadlineAt);
    const { lastAt, reachedAt } = progressOf(tally);
    const endAt = cell.results ? Math.max(lastAt, await untilStored(setup, workers, total, deadlineAt)) : lastAt;
    // A worker that runs some twice would look fast: what comes after the last is looked at, too.
    await pause(100);
    const runs = progressOf(tally).runs;
    if (runs !== total) throw new Error(`${total} tasks waited and ${runs} were run`);
    const counted = Math.max(1, to.runs - from.runs);
    return {
      ...unmeasured,
      perSecond: cell.n / ((endAt - reachedAt(warmup)) / 1_000),
      cpuMsPerTask: (to.workerCpuMs - from.workerCpuMs) / counted,
      brokerCpuMsPerTask: place.pids.length === 0 ? null : (to.brokerCpuMs - from.brokerCpuMs) / counted,
    };
  } finally {
    await workers.stop();
  }
}

interface Sample {
  readonly runs: number;
  readonly workerCpuMs: number;
  readonly brokerCpuMs: number;
}

async function untilRuns({ place, tally }: Setup, workers: RunningWorkers, count: number, deadlineAt: number): Promise<Sample> {
  for (;;) {
    const runs = runsIn(tally);
    if (runs >= count) return { runs, workerCpuMs: cpuMsOf(workers.pids), brokerCpuMs: cpuMsOf(place.pids) };
    workers.check();
    if (performance.now() > deadlineAt) throw new Error(`only ${runs} of ${count} tasks were run in time`);
    await pause(drainPollMs);
  }
}

/** Resolves with the instant, on the machine's monotonic clock, at which every result was seen to be stored. */
async function untilStored({ cell, place }: Setup, workers: RunningWorkers, count: number, deadlineAt: number): Promise<number> {
  for (;;) {
    const at = Number(process.hrtime.bigint()) / 1e6;
    const stored = await place.storedResults(cell.who);
    if (stored >= count) return at;
    workers.check();
    if (performance.now() > deadlineAt) throw new Error(`only ${stored} of ${count} results were stored in time`);
    await pause(drainPollMs);
  }
}

async function latency(setup: Setup): Promise<Measurement> {
  const { cell, place, tally } = setup;
  return await withWorkers(setup, async (workers) => {
    const before = cpuMsOf(workers.pids);
    const brokerBefore = cpuMsOf(place.pids);
    const { seconds, resultMs } = await produce(setup, { do: "pace", warmup: latencyWarmup, inFlight: latencyWarmupInFlight });
    workers.check();
    const cpuMs = cpuMsOf(workers.pids) - before;
    const brokerCpuMsPerTask = brokerCost(place, brokerBefore, cell.n + latencyWarmup);
    const starts = await allStarts(tally, cell.n);
    if (resultMs!.length !== cell.n) throw new Error(`${cell.n} tasks were sent and ${resultMs!.length} results came`);
    return {
      ...unmeasured,
      perSecond: cell.n / seconds!,
      p50Ms: percentile(starts, 0.5),
      p99Ms: percentile(starts, 0.99),
      resultP50Ms: percentile(resultMs!, 0.5),
      resultP99Ms: percentile(resultMs!, 0.99),
      cpuMsPerTask: cpuMs / (cell.n + latencyWarmup),
      brokerCpuMsPerTask,
    };
  });
}

async function allStarts(tally: string, count: number): Promise<readonly number[]> {
  for (let attempt = 0; ; attempt++) {
    const starts = startsIn(tally);
    if (starts.length === count) return starts;
    if (starts.length > count || attempt === 100) throw new Error(`${count} tasks were sent and ${starts.length} were run`);
    await pause(drainPollMs);
  }
}

async function roundtrip(setup: Setup): Promise<Measurement> {
  const { cell, place } = setup;
  const warmup = Math.ceil(cell.n / 4);
  return await withWorkers(setup, async (workers) => {
    const before = cpuMsOf(workers.pids);
    const brokerBefore = cpuMsOf(place.pids);
    const { seconds, resultMs } = await produce(setup, { do: "roundtrip", warmup });
    workers.check();
    if (resultMs!.length !== cell.n) throw new Error(`${cell.n} tasks were sent and ${resultMs!.length} results came`);
    return {
      ...unmeasured,
      perSecond: cell.n / seconds!,
      p50Ms: percentile(resultMs!, 0.5),
      p99Ms: percentile(resultMs!, 0.99),
      cpuMsPerTask: (cpuMsOf(workers.pids) - before) / (cell.n + warmup),
      brokerCpuMsPerTask: brokerCost(place, brokerBefore, cell.n + warmup),
    };
  });
}

async function withWorkers<T>({ cell, place, tally }: Setup, action: (workers: RunningWorkers) => Promise<T>): Promise<T> {
  const workers = await startWorkers(workerPrograms(cell, place, tally));
  try {
    return await action(workers);
  } finally {
    await workers.stop();
  }
}

function produce({ cell, place, limitMs }: Setup, call: Pick<ProducerCall, "do" | "warmup"> & Partial<ProducerCall>) {
  return runProducer(producerProgram(cell, place, callOf(cell, call)), limitMs);
}

function callOf({ n, inFlight }: Cell, call: Partial<ProducerCall> & Pick<ProducerCall, "do">): ProducerCall {
  return { n, warmup: 0, inFlight: inFlight ?? 1, perSecond: latencyPerSecond, ...call };
}

function brokerCost({ pids }: Place, before: number, tasks: number): number | null {
  return pids.length === 0 ? null : (cpuMsOf(pids) - before) / tasks;
}
