/** What a pool is made from: how many executors of which kind, what they load, and whom it tells. */
import { type AppSource, type Clock, type Logger, processEntry } from "@celeriac/core/runtime";
import type { PoolListener } from "../pool.ts";
import type { AutoscaleOptions } from "./autoscaler.ts";
import type { ExecutorContext, ExecutorInit } from "./executor-init.ts";
import type { OpenInline } from "./inline-executor.ts";
import type { Lifetime } from "./lifetime.ts";

export interface PoolParts extends ExecutorContext {
  /** 1 or more. prefork: n processes; threads: n threads; async, solo: 1 thread; inline: 1, the worker's own thread, but where it simulates */
  readonly executors: number;
  /** runs at once in each; 1 or more */
  readonly slots: number;
  /** what a change of its concurrency changes */
  readonly scaledBy: "executors" | "slots" | "nothing";
  /** its concurrency fits what there is to do; absent or null = it is what it is */
  readonly autoscale?: AutoscaleOptions | null;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly listener: PoolListener;
}

/** Executors that load what they run. */
export interface LoadingPoolOptions extends PoolParts {
  readonly kind: "process" | "thread";
  readonly source: AppSource;
  /** of a process, in MB: what Node's own limit is where absent or null */
  readonly heapMb?: number | null;
  readonly lifetime?: Lifetime | undefined;
  /** module (file: URL) and name of an OpenExecute; the one that runs an app's tasks by default */
  readonly execute?: { readonly module: string; readonly export: string };
}

/** Executors, in this thread, that are given what they run. */
export interface InlinePoolOptions extends PoolParts {
  readonly kind: "inline";
  readonly open: OpenInline;
  /** for tests: they pass for processes. One that is ended leaves its run to itself, and how long runs take tells nothing. */
  readonly simulates?: boolean;
}

export type ExecutorPoolOptions = LoadingPoolOptions | InlinePoolOptions;

/** An inline executor loads nothing. */
const nothing = { source: { moduleUrl: "", appName: null }, executeModule: "", executeExport: "" } as const;
const appExecute = () => ({ module: processEntry(import.meta.url, "../open-execute").url.href, export: "openExecute" });

export function whatToLoad(options: ExecutorPoolOptions): Pick<ExecutorInit, "source" | "executeModule" | "executeExport" | "lifetime"> {
  if (options.kind === "inline") return nothing;
  const { source, lifetime, execute = appExecute() } = options;
  return { source, lifetime, executeModule: execute.module, executeExport: execute.export };
}
