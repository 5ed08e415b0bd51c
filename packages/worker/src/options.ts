/** The worker's options: one table, from which come types, validation, the command's flags and `docs/reference/worker-options.md`. */
import { availableParallelism, hostname as machineName } from "node:os";
import { choiceSetting, countSetting, durationSetting, namesSetting, type SettingsOf, textSetting } from "@celeriac/core/runtime";

export const poolKinds = ["prefork", "async", "threads", "solo"] as const;
export type PoolKind = (typeof poolKinds)[number];

export const workerOptionTable = {
  queues: namesSetting([], "Queues to consume; none means the app's default queue."),
  concurrency: countSetting(null, [1, 10_000], "Executors (prefork, threads) or slots (async); unset: the number of cores, 100 for async."),
  slots: countSetting(1, [1, 10_000], "Tasks at once in each executor of prefork and threads."),
  pool: choiceSetting(
    poolKinds,
    "prefork",
    "prefork: child processes; threads: worker threads; async: one thread with many slots, for tasks that wait; solo: one thread, one task.",
  ),
  hostname: textSetting("celery@%h", "Node name; %h is the host's name, %n its first part, %d its domain."),
  grace: durationSetting("25s", "How long running tasks may take to end after a stop was asked for."),
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

export interface PoolShape {
  readonly kind: "process" | "thread";
  readonly executors: number;
  readonly slots: number;
}

const defaultAsyncSlots = 100;

export function poolShape({ pool, concurrency, slots }: Pick<ResolvedOptions, "pool" | "concurrency" | "slots">): PoolShape {
  const executors = concurrency ?? availableParallelism();
  switch (pool) {
    case "prefork":
      return { kind: "process", executors, slots };
    case "threads":
      return { kind: "thread", executors, slots };
    case "async":
      return { kind: "thread", executors: 1, slots: concurrency ?? defaultAsyncSlots };
    case "solo":
      return { kind: "thread", executors: 1, slots: 1 };
  }
}
