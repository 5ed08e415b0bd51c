/** Looks after executors that say nothing: takes back what waits behind a long run, and ends one that does not get ready or, idle, does not answer or is not needed. */
import type { Clock, Timer } from "@celeriac/core/runtime";
import type { Lane } from "./lane.ts";

export interface LaneWatchOptions {
  readonly clock: Clock;
  readonly lanes: ReadonlySet<Lane>;
  /** false: idle executors are not asked whether they live (threads share our fate) */
  readonly pings: boolean;
}

const recallAfterMs = 20;
const recallPeriodMs = 10;
const idlePeriodMs = 10_000;
/** User code that is not loaded by then waits for something that will not come. */
const startLimitMs = 120_000;
/** An idle executor is given this many periods to answer. */
const unansweredPeriods = 3;

export class LaneWatch {
  readonly #options: LaneWatchOptions;
  readonly #asked = new Map<Lane, { readonly firstAt: number; readonly times: number }>();
  #recallTimer: Timer | null = null;
  #idleTimer: Timer | null = null;
  #stopped = false;

  constructor(options: LaneWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#idleTimer = this.#options.clock.every(idlePeriodMs, () => this.#lookForSilent());
  }

  stop(): void {
    this.#stopped = true;
    this.#idleTimer?.cancel();
    this.#recallTimer?.cancel();
  }

  /** To be called when runs were sent; costs nothing while none waits in an executor. */
  sent(): void {
    if (this.#recallTimer !== null || this.#stopped || !this.#canRecallSome()) return;
    this.#recallTimer = this.#options.clock.after(
      recallPeriodMs,
      // If it was we who were busy, their reports are still unread: read them before judging.
      () => setImmediate(() => this.#recallWhereSlow()),
      { background: true },
    );
  }

  #canRecallSome(): boolean {
    for (const lane of this.#options.lanes) if (lane.canRecall) return true;
    return false;
  }

  #recallWhereSlow(): void {
    this.#recallTimer = null;
    if (this.#stopped) return;
    const now = this.#options.clock.monotonic();
    for (const lane of this.#options.lanes) {
      if (lane.canRecall && now - lane.progressAt > recallAfterMs) lane.recall();
    }
    this.sent();
  }

  #lookForSilent(): void {
    const { clock, lanes, pings } = this.#options;
    const now = clock.monotonic();
    for (const lane of this.#asked.keys()) if (!lanes.has(lane)) this.#asked.delete(lane);
    for (const lane of lanes) {
      const silentMs = now - lane.heardAt;
      if (lane.state === "starting" && silentMs > startLimitMs) lane.giveUp(`it was not ready after ${startLimitMs / 1000} s`);
      else if (lane.isForSuspects && lane.isEmpty && silentMs >= idlePeriodMs) lane.drain("it has no suspect to run");
      else if (pings && lane.isEmpty && silentMs >= idlePeriodMs) this.#ask(lane, now);
      else this.#asked.delete(lane);
    }
  }

  /** Counted in our own periods, so that a process that was suspended together with us is asked again before it is judged. */
  #ask(lane: Lane, now: number): void {
    const before = this.#asked.get(lane);
    const asked = before === undefined || lane.heardAt >= before.firstAt ? { firstAt: now, times: 0 } : before;
    this.#asked.set(lane, { ...asked, times: asked.times + 1 });
    if (asked.times < unansweredPeriods) lane.ping();
    else lane.giveUp(`it was idle and did not answer for ${(asked.times * idlePeriodMs) / 1000} s`);
  }
}
