/** The worker's options: one table, from which come types, validation, the command's flags and `docs/reference/worker-options.md`. */
import { hostname as machineName } from "node:os";
import {
  addressSetting,
  ConfigError,
  countSetting,
  type Duration,
  durationMs,
  durationSetting,
  flagSetting,
  namesSetting,
  type Setting,
  type Settings,
  type SettingsOf,
  textSetting,
} from "@celeriac/core/runtime";
import { childHeapMb, type Machine, thisMachine } from "./machine.ts";
import type { AutoscaleOptions } from "./pools/autoscaler.ts";
import type { Lifetime } from "./pools/lifetime.ts";

export const poolKinds = ["prefork", "async", "threads", "solo", "inline"] as const;
export type PoolKind = (typeof poolKinds)[number];

/** Celery's name → the pool that does the same here. */
const celeryPools = { gevent: "async", eventlet: "async", processes: "prefork" } as const satisfies Readonly<Record<string, PoolKind>>;
export type PoolName = PoolKind | keyof typeof celeryPools;

/** undefined: no pool has that name. */
export function poolOf(name: string): PoolKind | undefined {
  return (
    poolKinds.find((kind) => kind === name) ??
    (Object.hasOwn(celeryPools, name) ? celeryPools[name as keyof typeof celeryPools] : undefined)
  );
}

const poolSetting: Setting<PoolName | null> = {
  kind: `one of ${poolKinds.join(", ")}`,
  default: null,
  doc: "prefork: child processes; threads: worker threads; async: one thread with many slots, for tasks that wait; solo: one thread, one task; inline: the worker's own thread with many slots, for tasks that wait and never compute for long, without hard time limits. Celery's gevent and eventlet mean async, its processes prefork. Unset: the app's workerPool, which is prefork.",
  read: (value) => {
    if (value === null) return null;
    return typeof value === "string" && poolOf(value) !== undefined ? (value as PoolName) : undefined;
  },
};

const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 10_000;

const autoscaleSetting: Setting<readonly [max: number, min: number] | null> = {
  kind: "MAX,MIN: whole numbers 1 to 10000",
  default: null,
  doc: "Executors (prefork, threads) or slots (async, inline): so many at most while tasks wait, and so few, or 1, after 30 s without need; in place of concurrency.",
  read(value) {
    if (value === null) return null;
    const parts: readonly unknown[] = Array.isArray(value) ? value : String(value).split(",");
    const [max, min = 1] = parts.map((part) => (typeof part === "string" && part.trim() !== "" ? Number(part) : part));
    // Celery's MIN may be 0; a worker that could run nothing would not see what waits.
    const least = min === 0 ? 1 : min;
    return parts.length <= 2 && isCount(max) && isCount(least) && least <= max ? Object.freeze([max, least] as const) : undefined;
  },
};

export const workerOptionTable = {
  queues: namesSetting([], "Queues to consume; none means all of the app's taskQueues, else its default queue."),
  excludeQueues: namesSetting([], "Queues not to consume, of those that it would."),
  purge: flagSetting(false, "Delete what waits in its queues before it consumes them, for good."),
  concurrency: countSetting(
    null,
    [1, 10_000],
    "Executors (prefork, threads) or slots (async, inline); unset: the app's workerConcurrency, else the number of cores, at most the container's CPU quota; 100 for async and inline.",
  ),
  slots: countSetting(1, [1, 10_000], "Tasks at once in each executor of prefork and threads."),
  autoscale: autoscaleSetting,
  pool: poolSetting,
  maxTasksPerChild: countSetting(
    null,
    [1, 1_000_000_000],
    "prefork: tasks after which a child process is replaced; unset: the app's workerMaxTasksPerChild, which is no limit.",
  ),
  maxMemoryPerChild: countSetting(
    null,
    [1, 1_000_000_000],
    "prefork: resident memory, in KB, above which a child process is replaced when a task has ended; unset: the app's workerMaxMemoryPerChild, which is no limit.",
  ),
  hostname: textSetting("celery@%h", "Node name; %h is the host's name, %n its first part, %d its domain."),
  prefetchMultiplier: countSetting(
    null,
    [0, 1_000],
    "Tasks to hold at most, for each that can run at once; 0 is 10,000 in all. Unset: the app's workerPrefetchMultiplier, which is as many as the times of its tasks call for.",
  ),
  heartbeatInterval: durationSetting<Duration | null>(
    "2s",
    "How often it tells monitors that it is there, as Celery's workers do every 2 s; null and 0: it tells nothing of itself.",
    { nullable: true },
  ),
  statedb: textSetting(
    null,
    "A file in which it keeps what is revoked, so that it knows it after a restart; unset: the app's workerStateDb.",
  ),
  http: addressSetting(
    "Serve /livez, /readyz, /startz and /metrics there: HOST:PORT, :PORT for every address of the machine, PORT for 127.0.0.1. Unset: where the app's workerHttp says, which is nowhere.",
  ),
  taskEvents: flagSetting(null, "Tell monitors of this worker's tasks, as events; unset: the app's workerSendTaskEvents."),
  withoutMingle: flagSetting(false, "Do not ask other workers, at the start and after an outage, what was revoked."),
  grace: durationSetting<Duration | null>(
    "25s",
    "How long running tasks may take to end after a stop was asked for; in the last second of it, or half of less than two, their signal is aborted. null: as long as they take.",
    { nullable: true },
  ),
} as const;

/** Options of createWorker: any of the table. */
export type WorkerOptions = {
  readonly [K in keyof SettingsOf<typeof workerOptionTable>]?: SettingsOf<typeof workerOptionTable>[K] | undefined;
};
export type ResolvedOptions = SettingsOf<typeof workerOptionTable>;

/** `%h`, `%n` and `%d` replaced; a name without host gets `@%h`, as in Celery. */
export function nodeName(pattern: string, host = machineName()): string {
  const [first = host, ...domain] = host.split(".");
  const whole = pattern.includes("@") ? pattern : `${pattern}@%h`;
  const parts: Readonly<Record<string, string>> = { h: host, n: first, d: domain.join("."), "%": "%" };
  return whole.replace(/%([hnd%])/g, (_, key: string) => parts[key] ?? "");
}

const unlimitedDemand = 10_000;

/** What a worker holds where somebody says how much; null: nobody does. */
export function fixedDemand(multiplier: number | null, capacity: number): number | null {
  if (multiplier === null) return null;
  return multiplier === 0 ? unlimitedDemand : Math.max(1, multiplier * capacity);
}

/** `%n` is the first part of a node name, `%h` its host, `%d` the host's domain; `%i` and `%I` are what Celery puts in for its main process: 0 and nothing. */
export function nodePath(pattern: string, nodename: string): string {
  const [name = "", host = ""] = nodename.split("@");
  const parts: Readonly<Record<string, string>> = { n: name, h: host, d: host.split(".").slice(1).join("."), i: "0", I: "", "%": "%" };
  return pattern.replace(/%([hndiI%])/g, (_, key: string) => parts[key] ?? "");
}

export interface PoolShape {
  readonly kind: "process" | "thread" | "inline";
  readonly executors: number;
  readonly slots: number;
  /** what a change of the concurrency changes */
  readonly scaledBy: "executors" | "slots" | "nothing";
  /** null: it keeps its size */
  readonly autoscale: AutoscaleOptions | null;
  /** of each child process; null = Node decides */
  readonly heapMb: number | null;
  /** of a child process; undefined: that of its pool */
  readonly lifetime: Lifetime | undefined;
}

const defaultAsyncSlots = 100;

/** Which pool a worker of an app has, from what it was given and what the app says. */
export interface PoolPlan {
  readonly pool: PoolKind;
  /** null: as many as fit the machine */
  readonly concurrency: number | null;
  readonly slots: number;
  readonly autoscale: AutoscaleOptions | null;
  readonly lifetime: Lifetime;
}

/** Throws CONFIG_INVALID for a pool that cannot do what is asked. */
export function poolPlan(
  options: Pick<ResolvedOptions, "pool" | "concurrency" | "autoscale" | "slots" | "maxTasksPerChild" | "maxMemoryPerChild">,
  settings: Pick<
    Settings,
    "workerPool" | "workerConcurrency" | "workerAutoscaleKeepalive" | "workerMaxTasksPerChild" | "workerMaxMemoryPerChild"
  >,
): PoolPlan {
  const pool = poolOf(options.pool ?? settings.workerPool)!;
  const { autoscale } = options;
  if (autoscale !== null && pool === "solo")
    throw new ConfigError("CONFIG_INVALID", "autoscale: the pool solo runs one task at a time; take another pool");
  return {
    pool,
    concurrency: (options.concurrency ?? settings.workerConcurrency) || null,
    slots: options.slots,
    autoscale:
      autoscale === null
        ? null
        : { max: autoscale[0], min: autoscale[1], keepaliveMs: durationMs(settings.workerAutoscaleKeepalive, "workerAutoscaleKeepalive") },
    lifetime: {
      tasks: (options.maxTasksPerChild ?? settings.workerMaxTasksPerChild) || null,
      memoryKb: (options.maxMemoryPerChild ?? settings.workerMaxMemoryPerChild) || null,
    },
  };
}

export function poolShape(plan: PoolPlan, { cores, memory }: Machine = thisMachine()): PoolShape {
  const { pool, slots, lifetime, autoscale } = plan;
  const concurrency = autoscale?.min ?? plan.concurrency;
  const executors = concurrency ?? cores;
  const ofProcesses = { autoscale, heapMb: null, lifetime: undefined };
  const asyncSlots = concurrency ?? defaultAsyncSlots;
  switch (pool) {
    case "prefork":
      return {
        kind: "process",
        executors,
        slots,
        scaledBy: "executors",
        autoscale,
        heapMb: memory === null ? null : childHeapMb(memory, autoscale?.max ?? executors),
        lifetime: limited(lifetime),
      };
    case "threads":
      return { kind: "thread", executors, slots, scaledBy: "executors", ...ofProcesses };
    case "async":
      return { kind: "thread", executors: 1, slots: asyncSlots, scaledBy: "slots", ...ofProcesses };
    case "inline":
      return { kind: "inline", executors: 1, slots: asyncSlots, scaledBy: "slots", ...ofProcesses };
    case "solo":
      return { kind: "thread", executors: 1, slots: 1, scaledBy: "nothing", ...ofProcesses };
  }
}

/** So that children without limits count nothing. */
function limited(lifetime: Lifetime): Lifetime | undefined {
  return lifetime.tasks === null && lifetime.memoryKb === null ? undefined : lifetime;
}
