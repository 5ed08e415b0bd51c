/** Looks after executors that say nothing: takes back what waits behind a long run, and replaces an idle process that no longer answers. */
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
/** An idle executor is given this many periods to answer. */
const unansweredPeriods = 3;

export class LaneWatch {
  readonly #options: LaneWatchOptions;
  readonly #unanswered = new Map<Lane, number>();
  #recallTimer: Timer | null = null;
  #idleTimer: Timer | null = null;
  #stopped = false;

  constructor(options: LaneWatchOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.pings) this.#idleTimer = this.#options.clock.every(idlePeriodMs, () => this.#askIdle());
  }

  stop(): void {
    this.#stopped = true;
    this.#idleTimer?.cancel();
    this.#recallTimer?.cancel();
  }

  /** To be called when runs were sent; costs nothing while none waits in an executor. */
  sent(): void {
    if (this.#recallTimer !== null || this.#stopped || !this.#someAhead()) return;
    this.#recallTimer = this.#options.clock.after(
      recallPeriodMs,
      // If it was we who were busy, their reports are still unread: read them before judging.
      () => setImmediate(() => this.#recallWhereSlow()),
      { background: true },
    );
  }

  #someAhead(): boolean {
    for (const lane of this.#options.lanes) if (lane.ahead > 0) return true;
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

  #askIdle(): void {
    const { clock, lanes } = this.#options;
    const now = clock.monotonic();
    for (const lane of this.#unanswered.keys()) if (!lanes.has(lane)) this.#unanswered.delete(lane);
    for (const lane of lanes) {
      if (!lane.isEmpty || now - lane.heardAt < idlePeriodMs) {
        this.#unanswered.delete(lane);
        continue;
      }
      const asked = this.#unanswered.get(lane) ?? 0;
      if (asked >= unansweredPeriods)
        lane.terminate({ kind: "died", reason: `it was idle and did not answer for ${(asked * idlePeriodMs) / 1000} s` });
      else lane.ping();
      this.#unanswered.set(lane, asked + 1);
    }
  }
}
