/** The executors of one pool: starts them, replaces those that are gone, and ends them all. */
import { CeleriacError, type Clock, type Logger, reasonOf, type Timer } from "@celeriac/core/runtime";
import type { Ending } from "../run.ts";
import type { ExecutorInit } from "./executor-init.ts";
import type { OpenLink } from "./executor-link.ts";
import type { HeldRun, RunOwner } from "./held-run.ts";
import { inlineExecutors, type OpenInline } from "./inline-executor.ts";
import { Lane, type LaneOwner } from "./lane.ts";
import { LaneWatch } from "./lane-watch.ts";
import type { EndCause } from "./lost-run.ts";
import { findParentTie, processExecutors } from "./process-executor.ts";
import { openThreadExecutor } from "./thread-executor.ts";

/** What executors are. */
export type ExecutorHome =
  | { readonly kind: "process" | "thread"; readonly heapMb?: number | null }
  /** the worker's own thread */
  | { readonly kind: "inline"; readonly open: OpenInline };

export interface FleetOptions {
  readonly home: ExecutorHome;
  readonly executors: number;
  readonly init: ExecutorInit;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly runs: RunOwner;
  /** No executor is left and the next attempts will hardly be better: what waits should be run by other workers. */
  readonly deserted: () => void;
}

/** Executors that die one after another before they are ready make a start fail; later they are tried for ever. */
const startAttempts = 3;
const longestRespawnDelayMs = 5_000;

export class Fleet implements LaneOwner {
  /** Those for suspects included; live. */
  readonly lanes: ReadonlySet<Lane>;
  readonly watch: LaneWatch;
  readonly #lanes = new Set<Lane>();
  readonly #options: FleetOptions;
  readonly #respawns = new Set<Timer>();
  #openLink: OpenLink = openThreadExecutor;
  #closing = false;
  /** lost in a row, without any run ended in between */
  #failures = 0;
  /** why executors do not start, as it was told last */
  #toldReason: string | null = null;
  #spareIsComing = false;
  /** while `start` waits */
  #starting: { readonly ready: () => void; readonly failed: (error: Error) => void } | null = null;
  /** while someone waits until all are gone */
  #allGone: (() => void) | null = null;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.lanes = this.#lanes;
    this.watch = new LaneWatch({ clock: options.clock, lanes: this.#lanes, pings: options.home.kind === "process" });
  }

  /** How many take ordinary runs, or soon will. */
  get size(): number {
    let size = 0;
    for (const lane of this.#lanes) if (!lane.isForSuspects) size++;
    return size;
  }

  /** Resolves when all are ready, or at once when `signal` aborts. Throws WORKER_STARTUP with what an executor said; none is left then. */
  async start(signal: AbortSignal): Promise<void> {
    const { home, clock, executors } = this.#options;
    this.#openLink = await linkOpener(home, clock);
    if (signal.aborted) return;
    this.watch.start();
    try {
      await new Promise<void>((ready, failed) => {
        this.#starting = { ready, failed };
        signal.addEventListener("abort", () => ready(), { once: true });
        for (let count = 0; count < executors; count++) this.#open(false);
      });
    } catch (error) {
      await this.end();
      throw error;
    } finally {
      this.#starting = null;
    }
  }

  /** Asks for an executor that takes only suspects, one at a time; it ends when it has nothing to do. Once is enough. */
  needSpare(): void {
    if (this.#spareIsComing || this.#closing) return;
    this.#spareIsComing = true;
    this.#openLater(true);
  }

  /** A run has ended: executors that work are not failing. */
  proved(): void {
    this.#failures = 0;
  }

  /** Replaces none from now on. */
  close(): void {
    this.#closing = true;
    for (const timer of this.#respawns) timer.cancel();
    this.watch.stop();
  }

  /** Lets what runs end, and resolves when all executors are gone, after `limitMs`, or when `signal` aborts. */
  async drain(limitMs: number | undefined, signal: AbortSignal): Promise<void> {
    for (const lane of [...this.#lanes]) lane.drain();
    if (this.#lanes.size === 0 || signal.aborted) return;
    const over = new AbortController();
    const cold = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true, signal: over.signal }));
    const late = limitMs === undefined ? cold : this.#options.clock.sleep(limitMs, over.signal);
    await Promise.race([this.#gone(), cold, late]);
    over.abort();
  }

  /** Ends all of them now, and resolves when they are gone and everything they wrote is read. */
  async end(): Promise<void> {
    this.close();
    for (const lane of [...this.#lanes]) lane.terminate({ kind: "stopped" });
    await this.#gone();
  }

  laneReady(lane: Lane): void {
    this.#options.logger.debug("Executor ready", { pid: lane.pid });
    this.#toldReason = null;
    const ready = [...this.#lanes].filter((one) => one.state === "ready" && !one.isForSuspects);
    if (ready.length === this.#options.executors) this.#starting?.ready();
  }

  laneGone(lane: Lane, cause: EndCause): void {
    this.#lanes.delete(lane);
    const { isForSuspects } = lane;
    if (this.#closing) {
      if (this.#lanes.size === 0) this.#allGone?.();
    } else if (cause.kind === "died") {
      this.#failures++;
      if (lane.wasReady) this.#options.logger.error("Executor lost", { pid: lane.pid, reason: cause.reason });
      else this.#startFailed(lane.startFailure ?? cause.reason, lane.startFailure !== null);
      if (!isForSuspects) this.#openLater(false);
    } else if (cause.kind === "endedFor") {
      this.#options.logger.warn("Executor ended for the sake of a task", { pid: lane.pid, endings: endingsTold(cause.endings) });
      if (!isForSuspects) this.#open(false);
    } else if (cause.kind === "retired") {
      this.#options.logger.info("Executor replaced", { pid: lane.pid, reason: cause.reason });
      if (!isForSuspects) this.#open(false);
    }
    // For suspects it is opened anew when the next one asks.
    this.#options.runs.received();
  }

  #open(isForSuspects: boolean): void {
    const { clock, init, runs } = this.#options;
    if (isForSuspects) this.#spareIsComing = false;
    try {
      this.#lanes.add(new Lane({ openLink: this.#openLink, init, clock, runs, owner: this, isForSuspects }));
    } catch (error) {
      this.#failures++;
      this.#startFailed(reasonOf(error), true);
      if (!isForSuspects) this.#openLater(false);
    }
  }

  /** `forGood`: trying again would end the same. */
  #startFailed(reason: string, forGood: boolean): void {
    if (this.#starting !== null && (forGood || this.#failures >= startAttempts)) {
      this.#closing = true;
      this.#starting.failed(new CeleriacError("WORKER_STARTUP", `An executor could not start: ${reason}`));
      return;
    }
    // It is tried again and again, by as many as there are executors: a person hears of it once.
    this.#options.logger[reason === this.#toldReason ? "debug" : "error"]("Executor could not start", { reason });
    this.#toldReason = reason;
    if (this.size === 0 && this.#failures >= startAttempts) this.#options.deserted();
  }

  #openLater(isForSuspects: boolean): void {
    if (this.#closing) return;
    // The first is replaced at once: most executors die for one run's sake.
    const delayMs = this.#failures <= 1 ? 0 : Math.min(longestRespawnDelayMs, 100 * 2 ** (this.#failures - 2));
    const timer = this.#options.clock.after(delayMs, () => {
      this.#respawns.delete(timer);
      this.#open(isForSuspects);
    });
    this.#respawns.add(timer);
  }

  #gone(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#lanes.size === 0) resolve();
      else this.#allGone = resolve;
    });
  }
}

async function linkOpener(home: ExecutorHome, clock: Clock): Promise<OpenLink> {
  switch (home.kind) {
    case "process":
      return processExecutors(await findParentTie(), clock, home.heapMb ?? null);
    case "thread":
      return openThreadExecutor;
    case "inline":
      return inlineExecutors(home.open, clock);
  }
}

/** [[task id, how it ended]] */
function endingsTold(endings: ReadonlyMap<HeldRun, Ending>): readonly (readonly [string, string])[] {
  return [...endings].map(([held, ending]) => [held.run.id, ending.kind]);
}
