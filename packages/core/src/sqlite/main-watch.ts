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
  /** The main thread has been silent for `silentMs`; called once for each silence. */
  silent(silentMs: number): void;
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
    if (this.#unanswered === mostUnanswered) this.#options.silent(mostUnanswered * tickMs);
    this.#unanswered += 1;
  }
}

/** For a main thread that runs tasks: one of them may keep it for as long as it likes, and its claims stay. */
export function tellSilence(silentMs: number, path: string): void {
  writeLine(silentMs, `a task of the pool "inline" keeps it, and no other worker gets what this one holds in ${path}`);
}

/** Ends this process as a power cut would, so that its claims are free. */
export function endProcess(silentMs: number, path: string): void {
  writeLine(silentMs, `the process is ended, so that other workers get its tasks in ${path}`);
  process.kill(process.pid, "SIGKILL");
}

/** Past the main thread, which could not write it. */
function writeLine(silentMs: number, what: string): void {
  writeSync(2, `celeriac: the main thread of process ${process.pid} has not answered for ${silentMs / 1_000} s; ${what}\n`);
}
