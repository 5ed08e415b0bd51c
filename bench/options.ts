/** What a run of the benchmarks is asked for, from its command line. */
import { parseArgs } from "node:util";

export const workloads = ["enqueue", "drain", "latency", "roundtrip"] as const;
export const brokers = ["redis", "amqp", "sqlite"] as const;
export const pools = ["async", "inline", "prefork"] as const;
export const peers = ["raw", "bullmq", "celery"] as const;

export type Workload = (typeof workloads)[number];
export type BrokerName = (typeof brokers)[number];
export type PoolName = (typeof pools)[number];
export type Who = "celeriac" | (typeof peers)[number];

export interface BenchOptions {
  readonly only: readonly Workload[];
  readonly brokers: readonly BrokerName[];
  readonly pools: readonly PoolName[];
  readonly who: readonly Who[];
  /** tasks of a drain and of an enqueue with 100 in flight; the slower workloads take a fixed part of it */
  readonly n: number;
  readonly reps: number;
  readonly limitMs: number;
  readonly out: string | null;
  /** nothing is measured: what an earlier run wrote with `out` is told in Markdown */
  readonly summary: string | null;
}

export const usage = `npm run bench -- [options]
  --only      ${workloads.join(",")}    workloads (all)
  --broker    ${brokers.join(",")}                   brokers (all)
  --peers     ${peers.join(",")}                  who is measured beside celeriac (all)
  --without-celeriac                             the peers alone
  --pool      ${pools.join(",")}               pools (all)
  --n         20000                              tasks of a drain
  --reps      3                                  repetitions; medians and extremes are told
  --limit     240                                seconds a single measurement may take
  --out       file.json                          writes {rows: [...]}
  --summary   file.json                          measures nothing: tells what --out wrote as ratios, in Markdown`;

/** Throws a TypeError that says which option is wrong. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      broker: { type: "string" },
      peers: { type: "string" },
      "without-celeriac": { type: "boolean", default: false },
      pool: { type: "string" },
      n: { type: "string", default: "20000" },
      reps: { type: "string", default: "3" },
      limit: { type: "string", default: "240" },
      out: { type: "string" },
      summary: { type: "string" },
    },
  });
  const asked = names("peers", values.peers, peers);
  return {
    only: names("only", values.only, workloads),
    brokers: names("broker", values.broker, brokers),
    pools: names("pool", values.pool, pools),
    who: values["without-celeriac"] ? asked : ["celeriac", ...asked],
    n: count("n", values.n, 100),
    reps: count("reps", values.reps, 1),
    limitMs: count("limit", values.limit, 1) * 1_000,
    out: values.out ?? null,
    summary: values.summary ?? null,
  };
}

/** In the order of `known`, so that tables always look the same; "" = none. */
function names<N extends string>(option: string, text: string | undefined, known: readonly N[]): readonly N[] {
  if (text === undefined) return known;
  const asked = text.split(",").filter((name) => name !== "");
  for (const name of asked)
    if (!(known as readonly string[]).includes(name))
      throw new TypeError(`--${option} ${JSON.stringify(name)} is unknown: expected ${known.join(", ")}`);
  return known.filter((name) => asked.includes(name));
}

function count(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw new TypeError(`--${option} ${text}: expected a whole number of at least ${least}`);
  return value;
}
