/** Pools whose runs go to executors, processes or threads: prefork, threads, async and solo differ only in numbers. */
import {
  CeleriacError,
  type Clock,
  createService,
  type Logger,
  processEntry,
  reasonOf,
  type Service,
  type Timer,
} from "@celeriac/core/runtime";
import type { Pool, PoolListener, PoolStats } from "../pool.ts";
import type { AbortReason, Ending, Run } from "../run.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { ExecutorInit } from "./executor-init.ts";
import type { OpenLink } from "./executor-link.ts";
import { HeldRun } from "./held-run.ts";
import { Lane, type LaneOwner } from "./lane.ts";
import { LaneWatch } from "./lane-watch.ts";
import type { EndCause } from "./lost-run.ts";
import { findParentTie, processExecutors } from "./process-executor.ts";
import { RunTimes } from "./run-times.ts";
import { openThreadExecutor } from "./thread-executor.ts";
import { TimeLimits } from "./time-limits.ts";

export interface ExecutorPoolOptions extends Omit<ExecutorInit, "executeModule" | "executeExport"> {
  readonly kind: "process" | "thread";
  /** 1 or more. prefork: n processes; threads: n threads; async, solo: 1 thread */
  readonly executors: number;
  /** module (file: URL) and name of an OpenExecute; the one that runs an app's tasks by default */
  readonly execute?: { readonly module: string; readonly export: string };
  /** MB of heap per executor; null (default) = as Node decides */
  readonly heapLimitMb?: number | null;
  /** further arguments of Node for each executor; none by default */
  readonly execArgv?: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly listener: PoolListener;
}

const handedBack: Ending = Object.freeze({ kind: "handedBack" });
const none = Object.freeze([]);
/** How long runs have to end by themselves once a stop has aborted them. */
const abortedGraceMs = 1_000;
/** Executors that die one after another before they are ready make a start fail; later they are tried for ever. */
const startAttempts = 3;
const longestRespawnDelayMs = 5_000;
/** Work the pool wants to hold for each executor beyond what runs. */
const demandWorkMs = 7.5;
const mostAhead = 128;

const appExecute = () => ({ module: processEntry(import.meta.url, "../open-execute").url.href, export: "openExecute" });

/**
 * 1. gives each run to the least busy executor, 2. tells how many runs it wants, 3. enforces time limits, 4. replaces executors that are gone,
 * 5. gives every run exactly one ending, 6. ends all executors when it stops.
 */
export function createExecutorPool(options: ExecutorPoolOptions): Pool {
  return new ExecutorPool(options);
}

class ExecutorPool implements Pool, LaneOwner {
  readonly capacity: number;
  readonly #options: ExecutorPoolOptions;
  readonly #init: ExecutorInit;
  readonly #service: Service;
  readonly #lanes = new Set<Lane>();
  readonly #dispatcher = new Dispatcher(this.#lanes);
  readonly #times = new RunTimes();
  readonly #limits: TimeLimits;
  readonly #watch: LaneWatch;
  readonly #demandListeners: (() => void)[] = [];
  readonly #respawns = new Set<Timer>();
  readonly #cold = new AbortController();
  #openLink: OpenLink = openThreadExecutor;
  #demand: number;
  #closing = false;
  /** executors lost in a row, without any run ended in between */
  #failures = 0;
  /** while `start` waits */
  #starting: { readonly ready: () => void; readonly failed: (error: Error) => void } | null = null;
  /** while `stop` waits */
  #allGone: (() => void) | null = null;

  constructor(options: ExecutorPoolOptions) {
    const { source, slots, worker, logLevel, clock, execute = appExecute() } = options;
    this.#options = options;
    this.#init = { source, slots, executeModule: execute.module, executeExport: execute.export, worker, logLevel };
    this.capacity = options.executors * slots;
    this.#demand = this.capacity;
    this.#limits = new TimeLimits(clock);
    this.#watch = new LaneWatch({ clock, lanes: this.#lanes, pings: options.kind === "process" });
    this.#service = createService("The pool", { start: (signal) => this.#start(signal), stop: (deadlineMs) => this.#stop(deadlineMs) });
  }

  get demand(): number {
    return this.#demand;
  }

  onDemand(listener: () => void): void {
    this.#demandListeners.push(listener);
  }

  /** Throws WORKER_STARTUP, with what the executor said, when user code cannot be loaded. */
  start(): Promise<void> {
    return this.#service.start();
  }

  stop(options: { readonly deadlineMs?: number | undefined } = {}): Promise<void> {
    this.#close();
    return this.#service.stop(options);
  }

  async terminate(): Promise<void> {
    this.#cold.abort();
    await this.stop({ deadlineMs: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  submit(run: Run): Promise<Ending> {
    if (this.#closing) return Promise.resolve(handedBack);
    return new Promise((resolve) => {
      this.#dispatcher.add(new HeldRun(run, this.#times.of(run.task), resolve));
      this.#watch.sent();
    });
  }

  abort(taskId: string, reason: AbortReason, message: string): boolean {
    return this.#abortWhere((held) => held.run.id === taskId, reason, message);
  }

  abortAll(reason: AbortReason, message: string): void {
    this.#abortWhere(() => true, reason, message);
  }

  stats(): PoolStats {
    const executors = [...this.#lanes].map((lane) => {
      const running = [...lane.held.values()].filter((held) => held.begun).map((held) => held.run.id);
      return { pid: lane.pid, running, queued: lane.held.size - running.length };
    });
    return { executors, capacity: this.capacity };
  }

  laneReady(lane: Lane): void {
    this.#options.logger.debug("Executor ready", { pid: lane.pid });
    if ([...this.#lanes].every((one) => one.state === "ready") && this.#lanes.size === this.#options.executors) this.#starting?.ready();
  }

  began(held: HeldRun, pid: number): void {
    this.#limits.watch(held);
    this.#options.listener.began(held.run, pid);
  }

  updateState(held: HeldRun, state: string, metaJson: string): void {
    this.#options.listener.updateState(held.run, state, metaJson);
  }

  log(held: HeldRun | null, level: "debug" | "info" | "warn" | "error", message: string, fields: object | undefined): void {
    this.#options.listener.log(held === null ? null : held.run, level, message, fields);
  }

  ended(held: HeldRun, ending: Ending, runMs: number | null): void {
    this.#limits.forget(held);
    if (runMs !== null) {
      this.#times.record(held.expectation, runMs);
      this.#failures = 0;
    }
    held.end(ending);
  }

  handedBack(runs: readonly HeldRun[]): void {
    const wanted = runs.filter((held) => !held.unwanted && !this.#closing);
    for (const held of runs) if (held.unwanted || this.#closing) held.end(handedBack);
    this.#dispatcher.putBack(wanted);
  }

  received(): void {
    this.#dispatcher.pump();
    this.#watch.sent();
    this.#updateDemand();
  }

  laneGone(lane: Lane, cause: EndCause): void {
    this.#lanes.delete(lane);
    if (this.#closing) {
      if (this.#lanes.size === 0) this.#allGone?.();
      return;
    }
    if (cause.kind === "died") this.#laneDied(lane, cause.reason);
    else {
      this.#options.logger.warn("Executor ended for a hard time limit", { pid: lane.pid });
      this.#open();
    }
    this.received();
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { kind, clock, executors } = this.#options;
    if (kind === "process") this.#openLink = processExecutors(await findParentTie(), clock);
    if (signal.aborted) return;
    try {
      await new Promise<void>((ready, failed) => {
        this.#starting = { ready, failed };
        signal.addEventListener("abort", () => ready(), { once: true });
        for (let count = 0; count < executors; count++) this.#open();
      });
    } catch (error) {
      this.#close();
      await this.#endAll();
      throw error;
    } finally {
      this.#starting = null;
    }
    this.#watch.start();
  }

  async #stop(deadlineMs: number | undefined): Promise<void> {
    if (!this.#cold.signal.aborted) {
      for (const lane of [...this.#lanes]) lane.drain();
      await this.#goneWithin(deadlineMs);
      this.abortAll("shutdown", "The worker stops");
      await this.#goneWithin(abortedGraceMs);
    }
    await this.#endAll();
  }

  /** Nothing is taken or sent out any more, and no executor is replaced. */
  #close(): void {
    if (this.#closing) return;
    this.#closing = true;
    for (const timer of this.#respawns) timer.cancel();
    this.#watch.stop();
    for (const held of this.#dispatcher.remove(() => true)) held.end(handedBack);
  }

  async #endAll(): Promise<void> {
    for (const lane of [...this.#lanes]) lane.terminate({ kind: "stopped" });
    await this.#goneWithin(undefined);
    this.#limits.stop();
  }

  /** Resolves when all executors are gone, after `limitMs`, or at once when the stop turns cold; the last holds only while there is a limit. */
  async #goneWithin(limitMs: number | undefined): Promise<void> {
    if (this.#lanes.size === 0) return;
    const gone = new Promise<void>((resolve) => {
      this.#allGone = resolve;
    });
    if (limitMs === undefined) return await gone;
    const over = new AbortController();
    await Promise.race([gone, this.#options.clock.sleep(limitMs, AbortSignal.any([over.signal, this.#cold.signal]))]);
    over.abort();
  }

  #open(): void {
    const { clock, heapLimitMb = null, execArgv = none } = this.#options;
    try {
      this.#lanes.add(new Lane({ openLink: this.#openLink, init: this.#init, clock, owner: this, heapLimitMb, execArgv }));
    } catch (error) {
      this.#startFailed(reasonOf(error), true);
    }
  }

  #laneDied(lane: Lane, reason: string): void {
    this.#failures++;
    if (!lane.wasReady) this.#startFailed(lane.startFailure ?? reason, lane.startFailure !== null);
    else {
      this.#options.logger.error("Executor lost", { pid: lane.pid, reason });
      this.#openLater();
    }
  }

  /** `forGood`: trying again would end the same. */
  #startFailed(reason: string, forGood: boolean): void {
    if (this.#starting !== null && (forGood || this.#failures >= startAttempts)) {
      this.#starting.failed(new CeleriacError("WORKER_STARTUP", `An executor could not start: ${reason}`));
      return;
    }
    this.#options.logger.error("Executor could not start", { reason });
    // Without any executor it is better that other workers run what waits here.
    if (this.#lanes.size === 0) for (const held of this.#dispatcher.remove(() => true)) held.end(handedBack);
    this.#openLater();
  }

  #openLater(): void {
    // The first is replaced at once: most executors die for one run's sake.
    const delayMs = this.#failures <= 1 ? 0 : Math.min(longestRespawnDelayMs, 100 * 2 ** (this.#failures - 2));
    const timer = this.#options.clock.after(delayMs, () => {
      this.#respawns.delete(timer);
      this.#open();
    });
    this.#respawns.add(timer);
  }

  #abortWhere(matches: (held: HeldRun) => boolean, reason: AbortReason, message: string): boolean {
    const waiting = this.#dispatcher.remove(matches);
    for (const held of waiting) held.end(handedBack);
    let found = waiting.length > 0;
    for (const lane of this.#lanes) {
      for (const held of lane.held.values()) {
        if (!matches(held)) continue;
        found = true;
        lane.abort(held, reason, message);
      }
    }
    return found;
  }

  /** In steps of two, so that it does not change with every batch. */
  #updateDemand(): void {
    const meanMs = this.#times.overall.ms;
    const { slots } = this.#options;
    const ahead = meanMs === null ? 0 : Math.min(mostAhead, (demandWorkMs * slots) / Math.max(meanMs, 0.001));
    const aheadEach = ahead < 1 ? 0 : 2 ** Math.floor(Math.log2(ahead));
    const demand = this.#lanes.size * (slots + aheadEach);
    if (demand === this.#demand) return;
    this.#demand = demand;
    for (const listener of this.#demandListeners) listener();
  }
}
