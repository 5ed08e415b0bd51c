/** A run a pool holds, from submit to its one ending. */
import type { AbortReason, Ending, Run } from "@celeriac/core/runtime";
import type { Expectation } from "./run-times.ts";

/** What can be asked of the executor a run was sent to. */
export interface RunHolder {
  /** Aborts it, or has it handed back if it has not begun. */
  abort(held: HeldRun, reason: AbortReason, message: string): void;
  softLimit(held: HeldRun): void;
  /** Ends the executor, by `signal` (SIGKILL) where it is a process, so that this run ends as `ending`. */
  endFor(held: HeldRun, ending: Ending, signal?: NodeJS.Signals): void;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Told by lanes of the runs they hold; called synchronously. */
export interface RunOwner {
  began(held: HeldRun, pid: number): void;
  updateState(held: HeldRun, state: string, metaJson: string): void;
  log(held: HeldRun | null, level: LogLevel, message: string, fields: object | undefined): void;
  /** `runMs`: as the executor measured it; null = it reported no end */
  ended(held: HeldRun, ending: Ending, runMs: number | null): void;
  /** They have not begun here and will not. */
  handedBack(runs: readonly HeldRun[]): void;
  /** All frames of a chunk were passed on. */
  received(): void;
}

export class HeldRun {
  readonly run: Run;
  readonly expectation: Expectation;
  readonly #resolve: (ending: Ending) => void;
  /** null while it waits in the pool */
  holder: RunHolder | null = null;
  /** its number there */
  number = 0;
  /** ms it was expected to take when it was sent */
  expectedMs = 0;
  begun = false;
  /** monotonic ms; when it was heard of, 0 before */
  begunAt = 0;
  /** true: handed back, not sent elsewhere, if it turns out that it has not begun */
  unwanted = false;

  constructor(run: Run, expectation: Expectation, resolve: (ending: Ending) => void) {
    this.run = run;
    this.expectation = expectation;
    this.#resolve = resolve;
  }

  get isSuspect(): boolean {
    return this.run.deliveries > 0;
  }

  end(ending: Ending): void {
    this.#resolve(ending);
  }
}
