/** How long runs take, measured, per task: what decides how many may wait in an executor behind others. */

/** What the next run of a task is expected to take; the same object for all its runs. `ms` null = never measured. */
export interface Expectation {
  ms: number | null;
}

/** Names come from the wire: more than this many are not the tasks of one app. */
const mostTasks = 5_000;

export class RunTimes {
  readonly #byTask = new Map<string, Expectation>();
  /** of all runs; ms null = none yet */
  readonly overall: Expectation = { ms: null };

  of(task: string): Expectation {
    let expectation = this.#byTask.get(task);
    if (expectation === undefined) {
      if (this.#byTask.size >= mostTasks) this.#byTask.clear();
      expectation = { ms: null };
      this.#byTask.set(task, expectation);
    }
    return expectation;
  }

  record(expectation: Expectation, ms: number): void {
    learn(expectation, ms);
    learn(this.overall, ms);
  }
}

/** Believes a long run sooner than a short one: to wait behind a long run costs more than a round trip. */
function learn(expectation: Expectation, ms: number): void {
  if (expectation.ms === null) expectation.ms = ms;
  else expectation.ms += (ms - expectation.ms) / (ms > expectation.ms ? 4 : 16);
}
