/** The contract of a pool: hands runs to executors and gives back their endings. Executors live in `pools/`. */
import type { AbortReason, Ending, LogLevel, Run, Service } from "@celeriac/core/runtime";
import type { AutoscaleRange } from "./pools/autoscaler.ts";

/** Told by a pool while runs go on; called synchronously, must not throw. */
export interface PoolListener {
  /** user code begins; `pid` is the process it runs in */
  began(run: Run, pid: number): void;
  updateState(run: Run, state: string, metaJson: string): void;
  log(run: Run | null, level: "debug" | "info" | "warn" | "error", message: string, fields: object | undefined): void;
}

export interface PoolStats {
  /** `sent`: runs that it was given so far */
  readonly executors: readonly {
    readonly pid: number;
    readonly running: readonly string[];
    readonly queued: number;
    readonly sent: number;
  }[];
  readonly capacity: number;
  readonly concurrency: number;
  /** null = no limit */
  readonly maxTasksPerChild: number | null;
}

/** What an executor does now. */
export interface ExecutorStack {
  readonly pid: number;
  /** in user code, and for how long */
  readonly runs: readonly { readonly id: string; readonly task: string; readonly forMs: number }[];
  /** the calls that it executes, innermost first, even if it never gives way; empty: it executes none now. null: they could not be told */
  readonly stack: readonly string[] | null;
}

export interface Pool extends Service {
  /** runs that can be in user code at once: executors × slots */
  readonly capacity: number;
  /** what its capacity may grow to by itself */
  readonly mostCapacity: number;
  /** what `resize` changes: executors, or slots where there is one executor for many tasks */
  readonly concurrency: number;
  /** between which its concurrency follows what there is to do; null = it is what it was set to */
  readonly autoscale: AutoscaleRange | null;
  /** Throws POOL_UNSUPPORTED where it does not autoscale, CONFIG_INVALID. */
  setAutoscale(range: AutoscaleRange): void;
  /** true: a run that does not give way can be ended, so hard time limits can be kept. */
  readonly endsRuns: boolean;
  /** How many runs it wants to hold now, running ones included: capacity, plus a few ahead while runs are short. Changes over time; `onDemand` tells. */
  readonly demand: number;
  onDemand(listener: () => void): void;
  /** Exactly one ending per run; never rejects. Runs submitted after `stop` are handed back. */
  submit(run: Run): Promise<Ending>;
  /** Cooperative: aborts the run's signal, or hands it back if it has not begun. false = not here. */
  abort(taskId: string, reason: AbortReason, message: string): boolean;
  /** Has it handed back if it has not begun, and leaves it alone if it has. */
  takeBack(taskId: string): void;
  abortAll(reason: AbortReason, message: string): void;
  /**
   * 1 or more executors, or slots, from now on, while runs go on. What leaves lets end what runs in it, and hands back what only waits.
   * Where it autoscales its range is widened to what is asked for.
   * Throws POOL_UNSUPPORTED where the pool has one size, CONFIG_INVALID.
   */
  resize(concurrency: number): void;
  /**
   * Replaces every executor, one after the other, so that user code is loaded anew; no run is lost or counted for it. Resolves when the last is replaced.
   * Throws WORKER_STARTUP when the new code cannot be loaded: the rest go on with the old. Throws POOL_UNSUPPORTED inline, SERVICE_STOPPED.
   */
  restart(): Promise<void>;
  /**
   * Ends a task that runs here, whatever it does: its executor is ended, by `signal` where it is a process (SIGTERM; SIGKILL follows soon), and replaced.
   * The task ends as `terminated`; what shared its executor is handed back. SIGUSR1 ends nothing: it reaches the task as its soft time limit would.
   * false = it does not run here. Throws POOL_UNSUPPORTED where nothing could end it.
   */
  terminateRun(taskId: string, signal?: NodeJS.Signals): boolean;
  /** Ends the executors at once; what ran ends as `handedBack`. Without `endsRuns` it is told to give way, and left to itself. */
  terminate(): Promise<void>;
  /** Of the lines that user code writes, from now on. */
  setLogLevel(level: LogLevel): void;
  stats(): PoolStats;
  /** Of every executor. Takes some 0.2 s, and stops user code for some ms. */
  stacks(): Promise<readonly ExecutorStack[]>;
}
