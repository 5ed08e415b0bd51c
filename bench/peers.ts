/** Who is measured how: which workloads, brokers and pools a peer has, the ways it is set up, and the programs that run it. */
import { fileURLToPath } from "node:url";
import { debianPython } from "../test/support/install.ts";
import { type BenchOptions, type BrokerName, type PoolName, pools, type Who, type Workload } from "./options.ts";
import type { Cell } from "./row.ts";
import type { Place } from "./servers.ts";

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** What a producer program is asked to do. */
export interface ProducerCall {
  readonly do: "fill" | "enqueue" | "roundtrip" | "pace";
  readonly n: number;
  readonly warmup: number;
  readonly inFlight: number;
  readonly perSecond: number;
}

export const programFolder = fileURLToPath(new URL("programs", import.meta.url));
const asyncSlots = 100;
const children = 2;

/** Every cell that was asked for and that the peer has, in the order in which they are told. */
export function cellsOf(options: BenchOptions): readonly Cell[] {
  const cells: Cell[] = [];
  for (const workload of options.only)
    for (const shape of shapesOf(workload, options.n))
      for (const broker of options.brokers)
        for (const who of options.who)
          for (const pool of workload === "enqueue" ? [null] : options.pools) {
            if (!hasBroker(who, broker) || (pool !== null && !hasPool(who, pool))) continue;
            for (const setting of settingsOf(who, workload, { pool, broker }))
              cells.push({ workload, broker, pool, who, setting, ...shape });
          }
  return cells;
}

/** What was asked for but a peer does not have: told, so that nobody takes it for a failure. */
export function leftOut(options: BenchOptions): readonly string[] {
  return options.who.flatMap((who) => [
    ...options.brokers.filter((broker) => !hasBroker(who, broker)).map((broker) => `${who} has no ${broker} broker`),
    ...options.pools.filter((pool) => !hasPool(who, pool)).map((pool) => `${who} has no ${pool} pool here`),
  ]);
}

/** Slower workloads take a fixed part of n, the same for everyone. */
function shapesOf(workload: Workload, n: number): readonly Pick<Cell, "results" | "inFlight" | "n">[] {
  switch (workload) {
    case "enqueue":
      return [
        { results: false, inFlight: 1, n: Math.ceil(n / 4) },
        { results: false, inFlight: 100, n },
      ];
    case "drain":
      return [
        { results: false, inFlight: null, n },
        { results: true, inFlight: null, n },
      ];
    case "latency":
      return [{ results: true, inFlight: null, n: Math.min(1_000, Math.ceil(n / 20)) }];
    case "roundtrip":
      return [
        { results: true, inFlight: 1, n: Math.ceil(n / 10) },
        { results: true, inFlight: 100, n: Math.ceil(n / 4) },
      ];
  }
}

function hasBroker(who: Who, broker: BrokerName): boolean {
  if (who === "bullmq") return broker === "redis";
  return who !== "celery" || broker !== "sqlite";
}

/** Where others run tasks: the floor in its own thread, Celery in children, BullMQ in its own thread or in children. */
const poolsOf: Readonly<Record<Who, readonly PoolName[]>> = {
  celeriac: pools,
  raw: ["async"],
  bullmq: ["async", "prefork"],
  celery: ["prefork"],
};

function hasPool(who: Who, pool: PoolName): boolean {
  return poolsOf[who].includes(pool);
}

/** By default Celery does not wait for RabbitMQ to have the message; everyone else here does. */
const confirmed = "confirmed";
const bullmqSettings: Readonly<Record<Exclude<PoolName, "inline">, readonly string[]>> = {
  async: ["50 at once, 1 process", "200 at once, 1 process", "50 at once, 2 processes"],
  prefork: ["2 sandboxed children", "4 sandboxed children"],
};

function settingsOf(who: Who, workload: Workload, { pool, broker }: Pick<Cell, "pool" | "broker">): readonly string[] {
  if (who === "celery" && broker === "amqp" && workload === "enqueue") return [confirmed, "unconfirmed, its default"];
  if (who !== "bullmq" || pool === null || pool === "inline") return [""];
  return workload === "drain" ? bullmqSettings[pool] : bullmqSettings[pool].slice(0, 1);
}

/** The worker of a cell: one program, or several that share the queue. */
export function workerPrograms(cell: Cell, place: Place, tallyFolder: string): readonly Program[] {
  const env = environment(place, tallyFolder);
  if (cell.who === "celery") return [{ command: debianPython, args: celeryArguments, env }];
  const config = { ...configOf(place), pool: cell.pool, concurrency: concurrencyOf(cell) };
  const program = { command: process.execPath, args: ["work.mjs", adapterOf(cell.who, cell.broker), JSON.stringify(config)], env };
  return cell.setting.endsWith("2 processes") ? [program, program] : [program];
}

const celeryArguments = [
  ..."-m celery -A celery_app worker --loglevel=ERROR --pool=prefork -O default --without-gossip --without-mingle --without-heartbeat".split(
    " ",
  ),
  `--concurrency=${children}`,
  "--queues=celery",
];

function concurrencyOf({ who, pool, setting }: Cell): number {
  const told = /^\d+/.exec(setting);
  if (told !== null) return Number(told[0]);
  if (pool === "prefork") return children;
  return who === "celeriac" ? asyncSlots : 1;
}

export function producerProgram(
  { who, broker, setting }: Pick<Cell, "who" | "broker" | "setting">,
  place: Place,
  call: ProducerCall,
): Program {
  const env = { ...environment(place, ""), BENCH_CONFIRM: setting === confirmed ? "1" : "0" };
  const config = JSON.stringify({ ...configOf(place), ...call });
  if (who === "celery") return { command: debianPython, args: ["celery_produce.py", config], env };
  return { command: process.execPath, args: ["produce.mjs", adapterOf(who, broker), config], env };
}

/** Who fills the queue that `who` drains: Celery's messages come from the quickest producer of its wire, others from their own. */
export function fillerOf(who: Who, broker: BrokerName): Who {
  return broker !== "sqlite" && (who === "celery" || who === "celeriac") ? "raw" : who;
}

function adapterOf(who: Who, broker: BrokerName): string {
  return who === "raw" ? `raw-${broker}` : who;
}

function configOf({ broker, backend, results }: Place): object {
  return { broker, backend, results };
}

function environment(place: Place, tallyFolder: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    LANG: "C.UTF-8",
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONUNBUFFERED: "1",
    BENCH_BROKER: place.broker,
    BENCH_BACKEND: place.backend,
    BENCH_TALLY: tallyFolder,
  };
}
