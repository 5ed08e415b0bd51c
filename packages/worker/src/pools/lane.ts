/** One executor as its pool sees it: the runs it was sent, in order, and what it has reported of them. Lives as long as the executor. */

import { type AbortReason, type Clock, type Ending, type LogLevel as LeastLevel, reasonOf } from "@celeriac/core/runtime";
import type { ExecutorStack } from "../pool.ts";
import { aheadWorkMs, mostAhead, mostAheadBytes } from "./ahead.ts";
import type { ExecutorInit } from "./executor-init.ts";
import type { ExecutorExit, ExecutorLink, LinkListener, OpenLink } from "./executor-link.ts";
import type { HeldRun, LogLevel, RunHolder, RunOwner } from "./held-run.ts";
import { HeldRuns } from "./held-runs.ts";
import { type EndCause, endingWithout } from "./lost-run.ts";
import { Orders } from "./orders.ts";
import { type ReportSink, Reports } from "./reports.ts";

/** Told by lanes of themselves. */
export interface LaneOwner {
  laneReady(lane: Lane): void;
  /** The executor is gone; every run it held has been passed to `ended` or `handedBack`. */
  laneGone(lane: Lane, cause: EndCause): void;
}

export interface LaneOptions {
  readonly openLink: OpenLink;
  readonly init: ExecutorInit;
  readonly clock: Clock;
  /** true: takes only suspects, one at a time */
  readonly isForSuspects: boolean;
  readonly runs: RunOwner;
  readonly owner: LaneOwner;
}

/** What a run is taken for that was never measured: too long to queue behind. */
const unknownMs = 1_000;
/** Runs expected to be longer tell when they begin; shorter ones in the batch. */
const reportedMs = 5;

/** Endings of runs whose user code never began, unless it was reported before. */
const withoutUserCode: ReadonlySet<Ending["kind"]> = new Set(["expired", "undecodable", "unknown"]);

export class Lane implements ReportSink, LinkListener, RunHolder {
  slots: number;
  readonly isForSuspects: boolean;
  readonly held = new HeldRuns(this);
  state: "starting" | "ready" | "ending" | "gone" = "starting";
  wasReady = false;
  /** kept free for a suspect */
  reserved = false;
  /** takes nothing yet: it is to follow one that still runs something */
  isStandby = false;
  /** monotonic; when it last began or ended a run, or was sent one while empty */
  progressAt: number;
  /** monotonic; when it last said anything */
  heardAt: number;
  /** Text of the reason why user code could not be loaded, as the executor gave it. */
  startFailure: string | null = null;
  /** once it is gone: those that it had begun */
  lost: readonly HeldRun[] = [];
  /** once it is gone */
  endCause: EndCause | null = null;
  readonly #runs: RunOwner;
  readonly #owner: LaneOwner;
  readonly #clock: Clock;
  readonly #link: ExecutorLink;
  readonly #reports = new Reports(this);
  readonly #orders: Orders;
  /** of those for whose sake the executor was ended */
  readonly #endings = new Map<HeldRun, Ending>();
  #cause: EndCause | null = null;
  #recalling = false;
  #behindLong = false;
  #isBroken = false;
  /** why it is to end when it is empty */
  #retiring: string | null = null;

  constructor(options: LaneOptions) {
    this.slots = options.init.slots;
    this.isForSuspects = options.isForSuspects;
    this.#runs = options.runs;
    this.#owner = options.owner;
    this.#clock = options.clock;
    this.progressAt = this.heardAt = options.clock.monotonic();
    this.#link = options.openLink(this);
    this.#orders = new Orders((bytes) => {
      if (this.state !== "gone") this.#link.send(bytes);
    });
    this.#orders.init(options.init);
  }

  get pid(): number {
    return this.#link.pid;
  }

  /** Runs that wait in it for a slot. */
  get ahead(): number {
    return Math.max(0, this.held.size - this.slots);
  }

  get isEmpty(): boolean {
    return this.state === "ready" && this.held.size === 0 && !this.#recalling && !this.isStandby;
  }

  get canRecall(): boolean {
    return this.state === "ready" && this.ahead > 0 && !this.#recalling;
  }

  /** true when a run may be sent: to a free slot, or behind others that are short. */
  accepts(): boolean {
    if (this.state !== "ready" || this.reserved || this.isForSuspects || this.isStandby) return false;
    if (this.held.hasSuspect || this.#recalling) return false;
    if (this.held.size < this.slots) return true;
    if (this.#behindLong || this.held.workMs >= aheadWorkMs * this.slots) return false;
    return this.ahead < mostAhead && this.held.bytes < mostAheadBytes;
  }

  /** Throws, and holds nothing, when the run cannot be written. */
  send(held: HeldRun): void {
    const { run, expectation } = held;
    const number = this.held.nextNumber();
    const hasLimit = run.timeLimitMs !== null || run.softTimeLimitMs !== null;
    const expectedMs = expectation.ms ?? unknownMs;
    this.#orders.run(number, run, held.isSuspect || hasLimit || expectedMs > reportedMs);
    if (this.held.size === 0) this.progressAt = this.#clock.monotonic();
    this.held.add(held, number, expectedMs);
  }

  abort(held: HeldRun, reason: AbortReason, message: string): void {
    if (!held.begun) held.unwanted = true;
    this.#orders.abort(held, reason, message);
  }

  takeBack(held: HeldRun): void {
    if (held.begun) return;
    held.unwanted = true;
    this.#orders.takeBack(held);
  }

  softLimit(held: HeldRun): void {
    this.#orders.softLimit(held);
  }

  endFor(held: HeldRun, ending: Ending, signal?: NodeJS.Signals): void {
    this.#endings.set(held, ending);
    this.terminate({ kind: "endedFor", endings: this.#endings }, signal);
  }

  /** undefined: it does not run here. */
  running(taskId: string): HeldRun | undefined {
    return this.held.inUserCode(this.slots).find((held) => held.run.id === taskId);
  }

  async stack(): Promise<ExecutorStack> {
    const now = this.#clock.monotonic();
    const runs = this.held.inUserCode(this.slots).map(({ run, begun, begunAt }) => {
      return { id: run.id, task: run.task, forMs: now - (begun ? begunAt : this.progressAt) };
    });
    return { pid: this.pid, runs, stack: await this.#link.stack() };
  }

  /** Takes back what waits here, because what runs takes longer than expected. Nothing is queued here until a run has ended. */
  recall(): void {
    this.#recalling = true;
    this.#behindLong = true;
    this.#orders.recall();
  }

  /** Hands back what waits, lets what runs end, then the executor ends itself. */
  drain(reason: string): void {
    for (const held of this.held.values()) if (!held.begun) held.unwanted = true;
    this.retire(reason);
  }

  /** As `drain`, but what waits goes elsewhere in the pool. */
  retire(reason: string): void {
    if (this.state === "starting") this.terminate({ kind: "retired", reason });
    if (this.state !== "ready") return;
    this.state = "ending";
    this.#retiring = reason;
    this.#orders.drain();
  }

  setSlots(slots: number): void {
    this.slots = slots;
    this.#orders.slots(slots);
  }

  setLogLevel(level: LeastLevel): void {
    this.#orders.logLevel(level);
  }

  ping(): void {
    this.#orders.ping();
  }

  /** Ends it as if it had died of `reason`. */
  giveUp(reason: string): void {
    this.terminate({ kind: "died", reason });
  }

  /** The first cause decides how its runs end. */
  terminate(cause: EndCause, signal?: NodeJS.Signals): void {
    if (this.state === "gone") return;
    this.state = "ending";
    this.#cause ??= cause;
    this.#link.terminate(signal);
  }

  received(chunk: Buffer): void {
    // Behind bytes that are no frames nothing can be trusted.
    if (this.#isBroken) return;
    this.heardAt = this.#clock.monotonic();
    try {
      this.#reports.read(chunk);
    } catch (error) {
      this.#isBroken = true;
      this.startFailure ??= reasonOf(error);
      this.terminate({ kind: "died", reason: reasonOf(error) });
    }
    this.#runs.received();
  }

  printed(stream: "stdout" | "stderr", line: string): void {
    const begun = [...this.held.values()].filter((held) => held.begun);
    this.#runs.log(begun.length === 1 ? (begun[0] as HeldRun) : null, stream === "stdout" ? "info" : "warn", line, {
      stream,
      pid: this.pid,
    });
  }

  exited(exit: ExecutorExit): void {
    this.state = "gone";
    const runs = [...this.held.values()];
    const cause = this.#cause ?? this.#exitCause(exit, runs.length === 0);
    this.endCause = cause;
    this.lost = runs.filter((held) => held.begun);
    const someBegun = this.lost.length > 0;
    const endings = runs.map((held) => endingWithout(held, cause, someBegun));
    for (const held of runs) this.held.release(held);
    for (const [index, ending] of endings.entries()) if (ending !== null) this.#runs.ended(runs[index] as HeldRun, ending, null);
    this.#runs.handedBack(runs.filter((_held, index) => endings[index] === null));
    this.#owner.laneGone(this, cause);
  }

  ready(): void {
    if (this.state === "starting") this.state = "ready";
    this.wasReady = true;
    this.#owner.laneReady(this);
  }

  startFailed(reason: string): void {
    this.startFailure = reason;
  }

  began(number: number): void {
    const held = this.held.get(number);
    if (held !== undefined) this.#tellBegun(held);
  }

  ended(number: number, ending: Ending, runMs: number): void {
    const held = this.held.get(number);
    if (held === undefined) return;
    if (!withoutUserCode.has(ending.kind)) this.#tellBegun(held);
    this.held.release(held);
    this.#behindLong = false;
    this.progressAt = this.heardAt;
    this.#runs.ended(held, ending, runMs);
  }

  progressed(number: number, state: string, metaJson: string): void {
    const held = this.held.get(number);
    if (held === undefined) return;
    this.#tellBegun(held);
    this.#runs.updateState(held, state, metaJson);
  }

  logged(number: number, level: LogLevel, message: string, fields: object | undefined): void {
    this.#runs.log(this.held.get(number) ?? null, level, message, fields);
  }

  handedBack(answerTo: number, numbers: readonly number[]): void {
    if (answerTo === 0) this.#recalling = false;
    const runs = numbers.map((number) => this.held.get(number)).filter((held) => held !== undefined);
    for (const held of runs) this.held.release(held);
    if (runs.length > 0) this.#runs.handedBack(runs);
  }

  #exitCause({ reason }: ExecutorExit, isDone: boolean): EndCause {
    return this.#retiring !== null && isDone ? { kind: "retired", reason: this.#retiring } : { kind: "died", reason };
  }

  #tellBegun(held: HeldRun): void {
    if (held.begun) return;
    this.progressAt = this.heardAt;
    held.begun = true;
    held.begunAt = this.heardAt;
    this.#runs.began(held, this.pid);
  }
}
