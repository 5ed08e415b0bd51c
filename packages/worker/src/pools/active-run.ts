/** A run inside its executor, from its begin to its ending: what the user's code sees of its surroundings. */
import type { AbortReason, Run, RunControl } from "@celeriac/core/runtime";

/** Where an active run reports to. */
export interface RunReporter {
  progress(number: number, state: string, metaJson: string): void;
  /** `number` 0 = of no run in particular */
  log(number: number, level: "debug" | "info" | "warn" | "error", message: string, fields: object | undefined): void;
  /** Reads what has come, and sends what is to be told, though the event loop does not turn. */
  look(): void;
}

export class ActiveRun implements RunControl {
  readonly number: number;
  readonly run: Run;
  /** monotonic ms */
  readonly beganAt: number;
  ended = false;
  readonly #reporter: RunReporter;
  #controller: AbortController | null = null;
  #reason: { readonly kind: AbortReason; readonly message: string } | null = null;

  constructor(number: number, run: Run, beganAt: number, reporter: RunReporter) {
    this.number = number;
    this.run = run;
    this.beganAt = beganAt;
    this.#reporter = reporter;
  }

  /** Made when first asked for: most runs never look, and a controller costs as much as the rest of a short run. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#reason !== null) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** The first reason stands. */
  abort(kind: AbortReason, message: string): void {
    if (this.#reason !== null) return;
    this.#reason = Object.freeze({ kind, message });
    this.#controller?.abort(this.#reason);
  }

  heartbeat(): void {
    this.#reporter.look();
    if (this.#reason !== null) throw this.#reason;
  }

  updateState(state: string, metaJson: string): Promise<void> {
    // After the ending a state would overwrite the final one.
    if (!this.ended) this.#reporter.progress(this.number, state, metaJson);
    return Promise.resolve();
  }

  log(level: "debug" | "info" | "warn" | "error", message: string, fields: object | undefined): void {
    this.#reporter.log(this.ended ? 0 : this.number, level, message, fields);
  }
}
