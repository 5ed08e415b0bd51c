/**
 * When a watch of results looks: now and then while anybody waits, so that a lost notice costs seconds, and again soon after it failed. The same for
 * the watches of all stores.
 */
import type { Timer } from "../clock.ts";
import type { DriverContext } from "../driver.ts";
import type { CeleriacError } from "../errors.ts";
import { createRetryLog, type RetryLog } from "../retry-log.ts";

export interface WatchPaceOptions {
  readonly context: Pick<DriverContext, "clock" | "logger">;
  /** It is time to look whether a notice was lost. */
  look(): void;
  /** It is time to try again. */
  again(): void;
}

const lookEveryMs = 5_000;
const firstRetryMs = 50;
const longestRetryMs = 1_000;

export class WatchPace {
  readonly #options: WatchPaceOptions;
  readonly #log: RetryLog;
  #looking: Timer | null = null;
  #retry: Timer | null = null;
  #retries = 0;
  #isStopped = false;

  constructor(options: WatchPaceOptions) {
    this.#options = options;
    this.#log = createRetryLog(options.context.logger);
  }

  /** Whether anybody waits. */
  adjust(isNeeded: boolean): void {
    if (isNeeded && !this.#isStopped) this.#looking ??= this.#options.context.clock.every(lookEveryMs, () => this.#options.look());
    if (isNeeded) return;
    this.#looking?.cancel();
    this.#looking = null;
  }

  succeeded(): void {
    this.#retries = 0;
    this.#log.succeeded();
  }

  failed(error: CeleriacError): void {
    this.#log.failed("Results cannot be watched at present; tried again", error);
    this.tryAgain();
  }

  /** A little later, and later each time until it succeeds. */
  tryAgain(): void {
    if (this.#isStopped) return;
    const waitMs = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#retries);
    this.#retry ??= this.#options.context.clock.after(waitMs, () => {
      this.#retry = null;
      this.#retries++;
      this.#options.again();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#retry?.cancel();
    this.adjust(false);
  }
}
