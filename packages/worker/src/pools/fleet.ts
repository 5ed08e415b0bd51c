/** The executors of one pool: starts them, keeps as many as are wanted, replaces those that are gone or have old code, and ends them all. */

import { CeleriacError, type Clock, type Ending, type Logger, type LogLevel, reasonOf, type Timer } from "@celeriac/core/runtime";
import { type ExecutorHome, linkOpener } from "./executor-home.ts";
import type { ExecutorInit } from "./executor-init.ts";
import type { OpenLink } from "./executor-link.ts";
import type { HeldRun, RunOwner } from "./held-run.ts";
import { Lane, type LaneOwner } from "./lane.ts";
import { LaneWatch } from "./lane-watch.ts";
import type { EndCause } from "./lost-run.ts";
import { Roster } from "./roster.ts";

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
const restarts = "the pool restarts";

export class Fleet implements LaneOwner {
  readonly watch: LaneWatch;
  readonly #roster = new Roster();
  readonly #options: FleetOptions;
  readonly #respawns = new Set<Timer>();
  /** null: not started */
  #openLink: OpenLink | null = null;
  #init: ExecutorInit;
  #wanted: number;
  #restarting: Promise<void> | null = null;
  #closing = false;
  /** lost in a row, without any run ended in between */
  #failures = 0;
  /** why executors do not start, as it was told last */
  #toldReason: string | null = null;
  #spareIsComing = false;
  /** while `start` waits */
  #starting: { readonly ready: () => void; readonly failed: (error: Error) => void } | null = null;
  /** called when one has become ready, or is gone */
  #changes: (() => void)[] = [];

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#init = options.init;
    this.#wanted = options.executors;
    this.watch = new LaneWatch({ clock: options.clock, lanes: this.lanes, pings: options.home.kind === "process" });
  }

  /** Those for suspects included; live. */
  get lanes(): ReadonlySet<Lane> {
    return this.#roster.lanes;
  }

  /** How many are to take ordinary runs. */
  get wanted(): number {
    return this.#wanted;
  }

  /** Runs at once in each. */
  get slots(): number {
    return this.#init.slots;
  }

  /** How many take ordinary runs, or soon will. */
  get size(): number {
    return this.#roster.size;
  }

  /** Resolves when all are ready, or at once when `signal` aborts. Throws WORKER_STARTUP with what an executor said; none is left then. */
  async start(signal: AbortSignal): Promise<void> {
    const { home, clock } = this.#options;
    this.#openLink = await linkOpener(home, clock);
    if (signal.aborted) return;
    // In a test whose clock runs through a year, a look each 10 s would be most of the work.
    if (home.kind !== "inline" || home.simulates !== true) this.watch.start();
    try {
      await new Promise<void>((ready, failed) => {
        this.#starting = { ready, failed };
        signal.addEventListener("abort", () => ready(), { once: true });
        this.#settle();
      });
    } catch (error) {
      await this.end();
      throw error;
    } finally {
      this.#starting = null;
    }
  }

  /** Those that are too many hand back what waits in them, and end when what they run has ended. */
  resize(executors: number): void {
    this.#wanted = executors;
    this.#settle();
  }

  setSlots(slots: number): void {
    this.#init = { ...this.#init, slots };
    for (const lane of this.lanes) lane.setSlots(slots);
  }

  setLogLevel(logLevel: LogLevel): void {
    this.#init = { ...this.#init, logLevel };
    for (const lane of this.lanes) lane.setLogLevel(logLevel);
  }

  /**
   * Replaces them one after the other by some that load the code anew, those first that have least to do: the next one is ready before one is let go,
   * and takes runs when that one is gone. Asked again meanwhile, it begins anew. Throws WORKER_STARTUP when one could not start: the rest stay as
   * they are. Throws SERVICE_STOPPED when the pool stops meanwhile.
   */
  restart(): Promise<void> {
    this.#roster.restart();
    this.#restarting ??= this.#renew().finally(() => {
      this.#restarting = null;
    });
    return this.#restarting;
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
    for (const lane of [...this.lanes]) lane.drain("the pool stops");
    if (this.lanes.size === 0 || signal.aborted) return;
    const over = new AbortController();
    const cold = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true, signal: over.signal }));
    const late = limitMs === undefined ? cold : this.#options.clock.sleep(limitMs, over.signal);
    await Promise.race([this.#until(() => this.lanes.size === 0), cold, late]);
    over.abort();
  }

  /** Ends all of them now, and resolves when they are gone and everything they wrote is read. */
  async end(): Promise<void> {
    this.close();
    for (const lane of [...this.lanes]) lane.terminate({ kind: "stopped" });
    await this.#until(() => this.lanes.size === 0);
  }

  laneReady(lane: Lane): void {
    this.#options.logger.debug("Executor ready", { pid: lane.pid });
    this.#toldReason = null;
    const ready = [...this.lanes].filter((one) => one.state === "ready" && this.#roster.isMember(one));
    if (ready.length >= this.#wanted) this.#starting?.ready();
    this.#changed();
  }

  laneGone(lane: Lane, cause: EndCause): void {
    const wasMember = this.#roster.isMember(lane);
    this.#roster.remove(lane);
    // For suspects one is opened anew when the next one asks; of one that a restart has opened, the restart tells.
    if (!this.#closing && lane !== this.#roster.incoming) {
      this.#tellGone(lane, cause, wasMember);
      // One in this thread that was ready has nothing to load: it is there again at once.
      const isThere = lane.wasReady && this.#options.home.kind === "inline";
      if (cause.kind !== "died" || isThere) this.#settle();
      else if (wasMember) this.#openLater(false);
    }
    this.#changed();
    this.#options.runs.received();
  }

  #tellGone(lane: Lane, cause: EndCause, wasMember: boolean): void {
    const { logger } = this.#options;
    const { pid } = lane;
    switch (cause.kind) {
      case "died":
        this.#failures++;
        if (lane.wasReady)
          logger.error("Executor lost", { pid, reason: cause.reason, tasks: lane.lost.map(({ run }) => `${run.task} ${run.id}`) });
        else this.#startFailed(lane.startFailure ?? cause.reason, lane.startFailure !== null);
        return;
      case "endedFor":
        logger.warn("Executor ended for the sake of a task", { pid, endings: endingsTold(cause.endings) });
        return;
      case "retired":
        logger.info(wasMember ? "Executor replaced" : "Executor ended", { pid, reason: cause.reason });
        return;
      case "stopped":
        return;
    }
  }

  /** null when it could not be. */
  #open(isForSuspects: boolean): Lane | null {
    const { clock, runs } = this.#options;
    if (isForSuspects) this.#spareIsComing = false;
    try {
      const lane = new Lane({ openLink: this.#openLink!, init: this.#init, clock, runs, owner: this, isForSuspects });
      this.#roster.add(lane);
      return lane;
    } catch (error) {
      this.#failures++;
      this.#startFailed(reasonOf(error), true);
      if (!isForSuspects) this.#openLater(false);
      return null;
    }
  }

  /** Opens as many as are missing, and lets those go that are too many. */
  #settle(): void {
    if (this.#openLink === null || this.#closing) return;
    while (this.size < this.#wanted && this.#open(false) !== null);
    while (this.size > this.#wanted) this.#roster.letGo().drain("fewer are wanted");
  }

  async #renew(): Promise<void> {
    for (const lane of [...this.lanes]) if (lane.isForSuspects) lane.retire(restarts);
    while (this.#roster.hasOld && !this.#closing) {
      const next = await this.#openNext();
      const old = this.size > this.#wanted ? this.#roster.letGo() : null;
      old?.retire(restarts);
      if (old !== null) await this.#until(() => old.state === "gone");
      next.isStandby = false;
      this.#options.runs.received();
    }
    if (this.#closing) throw stoppedMeanwhile();
  }

  /** One with the new code that is ready, but takes nothing yet. */
  async #openNext(): Promise<Lane> {
    const next = this.#open(false);
    if (next === null) throw new CeleriacError("WORKER_STARTUP", `An executor could not start: ${this.#toldReason}`);
    next.isStandby = true;
    this.#roster.incoming = next;
    await this.#until(() => next.state !== "starting");
    this.#roster.incoming = null;
    if (next.state === "ready") return next;
    if (next.endCause?.kind !== "died") throw stoppedMeanwhile();
    const reason = next.startFailure ?? next.endCause.reason;
    throw new CeleriacError("WORKER_STARTUP", `An executor could not start: ${reason}`);
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
      if (isForSuspects || this.size < this.#wanted) this.#open(isForSuspects);
    });
    this.#respawns.add(timer);
  }

  async #until(isMet: () => boolean): Promise<void> {
    while (!isMet()) await new Promise<void>((resolve) => this.#changes.push(resolve));
  }

  #changed(): void {
    for (const tell of this.#changes.splice(0)) tell();
  }
}

function stoppedMeanwhile(): CeleriacError {
  return new CeleriacError("SERVICE_STOPPED", "The pool was stopped while it restarted");
}

/** [[task id, how it ended]] */
function endingsTold(endings: ReadonlyMap<HeldRun, Ending>): readonly (readonly [string, string])[] {
  return [...endings].map(([held, ending]) => [held.run.id, ending.kind]);
}
