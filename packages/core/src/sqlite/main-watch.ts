/**
 * Looks after the main thread from the I/O thread: the lock of an incarnation lives here, so a main thread that has stopped answering would
 * keep its claims from all other workers for ever. Watches only while the process holds claims.
 */
import { writeSync } from "node:fs";
import type { Clock, Timer } from "../clock.ts";

export interface MainWatchOptions {
  readonly clock: Clock;
  /** Asks the main thread for a sign of life; `answered` is to be called when it comes. */
  ask(): void;
  /** The main thread has been silent for `silentMs`: does not return. */
  end(silentMs: number): void;
}

const tickMs = 3_000;
const mostUnanswered = 5;

export class MainWatch {
  readonly #options: MainWatchOptions;
  #ticking: Timer | null = null;
  /** Ticks of this thread's own loop since the question: while the process or the machine is paused none passes, and nobody is blamed. */
  #unanswered = 0;

  constructor(options: MainWatchOptions) {
    this.#options = options;
  }

  /** `holds`: the process has claims, or may have some soon. */
  adjust(holds: boolean): void {
    if (holds) this.#ticking ??= this.#options.clock.every(tickMs, () => this.#tick());
    else this.stop();
  }

  answered(): void {
    this.#unanswered = 0;
  }

  stop(): void {
    this.#ticking?.cancel();
    this.#ticking = null;
    this.#unanswered = 0;
  }

  #tick(): void {
    if (this.#unanswered === 0) this.#options.ask();
    if (this.#unanswered === mostUnanswered) this.#options.end(mostUnanswered * tickMs);
    else this.#unanswered += 1;
  }
}

/** Ends this process as a power cut would, so that its claims are free. The line is written past the main thread, which could not write it. */
export function endProcess(silentMs: number, path: string): void {
  const seconds = silentMs / 1_000;
  writeSync(
    2,
    `celeriac: the main thread of process ${process.pid} has not answered for ${seconds} s; the process is ended, so that other workers get its tasks in ${path}\n`,
  );
  process.kill(process.pid, "SIGKILL");
}
