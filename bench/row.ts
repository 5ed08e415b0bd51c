/** What is measured (a cell), what one measurement gives, and the row that several make. */
import type { BrokerName, PoolName, Who, Workload } from "./options.ts";

export interface Cell {
  readonly workload: Workload;
  readonly broker: BrokerName;
  /** null where no worker takes part */
  readonly pool: PoolName | null;
  readonly who: Who;
  /** results are stored (drain) or awaited (latency, roundtrip) */
  readonly results: boolean;
  /** callers at once of enqueue and roundtrip; null for the others */
  readonly inFlight: number | null;
  /** how a peer was set up, where several ways are tried and the best is told; "" = the only way */
  readonly setting: string;
  /** tasks counted; warm-up comes on top */
  readonly n: number;
}

/** One repetition of a cell. */
export interface Measurement {
  readonly perSecond: number;
  /** latency: from before the send to the first line of the task. roundtrip: from before the send to the result. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** latency: from before the send to the result */
  readonly resultP50Ms: number | null;
  readonly resultP99Ms: number | null;
  /** processor time of the worker's processes (of the producer in enqueue) */
  readonly cpuMsPerTask: number | null;
  readonly brokerCpuMsPerTask: number | null;
}

/** Medians over the repetitions, and each of these. */
export interface Row extends Cell, Measurement {
  readonly each: readonly Measurement[];
}

export function rowOf(cell: Cell, measurements: readonly Measurement[]): Row {
  const middle = (pick: (measurement: Measurement) => number | null) => {
    const values = measurements.map(pick).filter((value) => value !== null);
    return values.length === 0 ? null : percentile(values, 0.5);
  };
  return {
    ...cell,
    perSecond: middle(({ perSecond }) => perSecond) ?? 0,
    p50Ms: middle(({ p50Ms }) => p50Ms),
    p99Ms: middle(({ p99Ms }) => p99Ms),
    resultP50Ms: middle(({ resultP50Ms }) => resultP50Ms),
    resultP99Ms: middle(({ resultP99Ms }) => resultP99Ms),
    cpuMsPerTask: middle(({ cpuMsPerTask }) => cpuMsPerTask),
    brokerCpuMsPerTask: middle(({ brokerCpuMsPerTask }) => brokerCpuMsPerTask),
    each: measurements,
  };
}

/** What tells apart cells of one workload, in words. */
export function howOf({ workload, results, inFlight }: Cell): string {
  switch (workload) {
    case "enqueue":
      return inFlight === 1 ? "awaited one by one" : `${inFlight} in flight`;
    case "drain":
      return results ? "results stored" : "results ignored";
    case "latency":
      return "100 tasks a second";
    case "roundtrip":
      return inFlight === 1 ? "one at a time" : `${inFlight} in flight`;
  }
}

/** Both do the same work on the same broker, whoever does it and in whichever pool. */
export function sameTask(left: Cell, right: Cell): boolean {
  return (["workload", "broker", "results", "inFlight"] as const).every((field) => left[field] === right[field]);
}

/** Of the ways BullMQ was set up, the best: the highest rate, or where the rate is given the lowest latency. Celery's ways promise different things and stay apart. */
export function bestOf(rows: readonly Row[]): readonly Row[] {
  const best = new Map<string, Row>();
  for (const row of rows) {
    const { workload, broker, pool, who, results, inFlight } = row;
    const key = JSON.stringify([workload, broker, pool, who, results, inFlight, who === "bullmq" ? "" : row.setting]);
    const known = best.get(key);
    if (known === undefined || isBetter(row, known)) best.set(key, row);
  }
  return [...best.values()];
}

function isBetter(row: Row, than: Row): boolean {
  if (row.workload === "latency") return (row.p50Ms ?? 0) < (than.p50Ms ?? 0);
  return row.perSecond > than.perSecond;
}

/** Linear between neighbours; `part` 0 to 1. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return below + (above - below) * (place - Math.floor(place));
}
