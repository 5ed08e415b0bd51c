/** Pools whose runs go to executors: prefork, threads, async, solo and inline differ only in what executors are, and how many. */

import { type AbortReason, CeleriacError, createService, type Ending, type LogLevel, type Run, type Service } from "@celeriac/core/runtime";
import type { ExecutorStack, Pool, PoolStats } from "../pool.ts";
import type { AutoscaleRange } from "./autoscaler.ts";
import { Demand } from "./demand.ts";
import { Dispatcher } from "./dispatcher.ts";
import { Fleet } from "./fleet.ts";
import { HeldRun, type RunOwner } from "./held-run.ts";
import type { Lane } from "./lane.ts";
import { type ExecutorPoolOptions, whatToLoad } from "./pool-options.ts";
import { PoolSize } from "./pool-size.ts";
import { RunTimes } from "./run-times.ts";
import { TimeLimits } from "./time-limits.ts";

const handedBack: Ending = Object.freeze({ kind: "handedBack" });
/** How long runs have to end by themselves once a stop has aborted them: the last part of its time. */
const mostAbortedMs = 1_000;

/**
 * 1. gives each run to the least busy executor, 2. tells how many runs it wants, 3. enforces time limits, 4. replaces executors that are gone,
 * 5. gives every run exactly one ending, 6. ends all executors when it stops.
 */
export function createExecutorPool(options: ExecutorPoolOptions): Pool {
  return new ExecutorPool(options);
}

class ExecutorPool implements Pool, RunOwner {
  readonly endsRuns: boolean;
  readonly #options: ExecutorPoolOptions;
  readonly #simulates: boolean;
  readonly #service: Service;
  readonly #fleet: Fleet;
  readonly #dispatcher: Dispatcher;
  readonly #times = new RunTimes();
  readonly #limits: TimeLimits;
  readonly #size: PoolSize;
  readonly #demand: Demand;
  readonly #cold = new AbortController();
  #closing = false;

  constructor(options: ExecutorPoolOptions) {
    const { kind, executors, slots, scaledBy, worker, logLevel, clock, logger } = options;
    const init = { slots, worker, logLevel, ...whatToLoad(options) };
    const deserted = () => this.#handBackWaiting();
    this.#options = options;
    this.#simulates = options.kind === "inline" && options.simulates === true;
    this.endsRuns = kind !== "inline" || this.#simulates;
    this.#limits = new TimeLimits(clock);
    this.#fleet = new Fleet({ home: options, executors, init, clock, logger, runs: this, deserted });
    // Where runs share an executor, one that must be alone would stop all others: it gets an executor of its own. Inline there is no such thing.
    const needSpare = slots === 1 || kind === "inline" ? null : () => this.#fleet.needSpare();
    this.#dispatcher = new Dispatcher(this.#fleet.lanes, needSpare);
    const meanMs = () => this.#times.overall.ms;
    this.#size = new PoolSize({ ...options, fleet: this.#fleet, meanMs, held: () => this.#heldCount(), changed: () => this.received() });
    this.#demand = new Demand({ fleet: this.#fleet, size: this.#size, scaledBy, meanMs }, executors * slots);
    this.#service = createService("The pool", { start: (signal) => this.#start(signal), stop: (deadlineMs) => this.#stop(deadlineMs) });
  }

  get capacity(): number {
    return this.#size.capacity;
  }

  get mostCapacity(): number {
    return this.#size.mostCapacity;
  }

  get concurrency(): number {
    return this.#size.concurrency;
  }

  get autoscale(): AutoscaleRange | null {
    return this.#size.autoscale;
  }

  setAutoscale(range: AutoscaleRange): void {
    this.#size.setAutoscale(range);
  }

  resize(concurrency: number): void {
    this.#size.resize(concurrency);
  }

  get demand(): number {
    return this.#demand.runs;
  }

  onDemand(listener: () => void): void {
    this.#demand.onChange(listener);
  }

  /** Throws WORKER_STARTUP, with what the executor said, when user code cannot be loaded. */
  start(): Promise<void> {
    return this.#service.start();
  }

  /** Without a deadline it waits as long as runs take. */
  stop(options: { readonly deadlineMs?: number | undefined } = {}): Promise<void> {
    this.#close();
    return this.#service.stop(options);
  }

  async terminate(): Promise<void> {
    this.#cold.abort();
    await this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async restart(): Promise<void> {
    if (!this.endsRuns)
      throw unsupported("The pool inline runs tasks in the worker's own thread and cannot load them anew: restart the worker");
    await this.#fleet.restart();
  }

  submit(run: Run): Promise<Ending> {
    if (this.#closing) return Promise.resolve(handedBack);
    return new Promise((resolve) => {
      this.#dispatcher.add(new HeldRun(run, this.#times.of(run.task), resolve));
      this.#fleet.watch.sent();
      if (this.#dispatcher.size > 0) this.#size.grow();
    });
  }

  abort(taskId: string, reason: AbortReason, message: string): boolean {
    return this.#abortWhere((held) => held.run.id === taskId, reason, message);
  }

  takeBack(taskId: string): void {
    const matches = (held: HeldRun) => held.run.id === taskId;
    this.#handBackWaiting(matches);
    for (const [lane, held] of this.#heldWhere(matches)) lane.takeBack(held);
  }

  abortAll(reason: AbortReason, message: string): void {
    this.#abortWhere(() => true, reason, message);
  }

  terminateRun(taskId: string, signal: NodeJS.Signals = "SIGTERM"): boolean {
    if (!this.endsRuns && signal !== "SIGUSR1") {
      throw unsupported("The pool inline runs tasks in the worker's own thread and can end none: take another pool, or abort the task");
    }
    let found = false;
    for (const lane of this.#fleet.lanes) {
      const held = lane.running(taskId);
      if (held === undefined) continue;
      found = true;
      if (signal === "SIGUSR1") lane.abort(held, "softTimeLimit", "It was sent SIGUSR1");
      else lane.endFor(held, { kind: "terminated", signal }, signal);
    }
    return found;
  }

  setLogLevel(level: LogLevel): void {
    this.#fleet.setLogLevel(level);
  }

  stats(): PoolStats {
    const executors = [...this.#fleet.lanes].map((lane) => {
      const running = [...lane.held.values()].filter((held) => held.begun).map((held) => held.run.id);
      return { pid: lane.pid, running, queued: lane.held.size - running.length, sent: lane.held.sent };
    });
    const { capacity, concurrency } = this;
    const maxTasksPerChild = this.#options.kind === "inline" ? null : (this.#options.lifetime?.tasks ?? null);
    return { executors, capacity, concurrency, maxTasksPerChild };
  }

  stacks(): Promise<readonly ExecutorStack[]> {
    return Promise.all([...this.#fleet.lanes].map((lane) => lane.stack()));
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
      if (!this.#simulates) this.#times.record(held.expectation, runMs);
      this.#fleet.proved();
    }
    held.end(ending);
  }

  handedBack(runs: readonly HeldRun[]): void {
    const isWanted = (held: HeldRun) => !held.unwanted && !this.#closing;
    for (const held of runs) if (!isWanted(held)) held.end(handedBack);
    this.#dispatcher.putBack(runs.filter(isWanted));
  }

  received(): void {
    this.#dispatcher.pump();
    this.#fleet.watch.sent();
    this.#demand.update();
  }

  async #start(signal: AbortSignal): Promise<void> {
    try {
      await this.#fleet.start(signal);
      this.#size.start();
      this.received();
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  async #stop(deadlineMs: number | undefined): Promise<void> {
    const cold = this.#cold.signal;
    const abortedMs = Math.min(mostAbortedMs, (deadlineMs ?? Number.POSITIVE_INFINITY) / 2);
    if (!cold.aborted) await this.#fleet.drain(deadlineMs === undefined ? undefined : deadlineMs - abortedMs, cold);
    if (!cold.aborted) {
      this.abortAll("shutdown", "The worker stops");
      await this.#fleet.drain(abortedMs, cold);
    }
    await this.#fleet.end();
    this.#limits.stop();
  }

  /** Nothing is taken or sent out any more, and no executor is replaced. */
  #close(): void {
    this.#closing = true;
    this.#size.stop();
    this.#fleet.close();
    this.#handBackWaiting();
  }

  /** false: none matched. */
  #handBackWaiting(matches: (held: HeldRun) => boolean = () => true): boolean {
    const waiting = this.#dispatcher.remove(matches);
    for (const held of waiting) held.end(handedBack);
    // What was kept free for a suspect may be free for others now.
    if (waiting.length > 0) this.#dispatcher.pump();
    return waiting.length > 0;
  }

  *#heldWhere(matches: (held: HeldRun) => boolean): Iterable<readonly [Lane, HeldRun]> {
    for (const lane of this.#fleet.lanes) for (const held of lane.held.values()) if (matches(held)) yield [lane, held];
  }

  #abortWhere(matches: (held: HeldRun) => boolean, reason: AbortReason, message: string): boolean {
    let found = this.#handBackWaiting(matches);
    for (const [lane, held] of this.#heldWhere(matches)) {
      found = true;
      lane.abort(held, reason, message);
    }
    return found;
  }

  /** Those included that wait for an executor. */
  #heldCount(): number {
    let held = this.#dispatcher.size;
    for (const lane of this.#fleet.lanes) held += lane.held.size;
    return held;
  }
}

function unsupported(message: string): CeleriacError {
  return new CeleriacError("POOL_UNSUPPORTED", message);
}
