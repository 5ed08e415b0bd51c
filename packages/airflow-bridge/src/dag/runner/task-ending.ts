/** How functions of a DAG end their task by throwing: `throw run.skip()`, `throw run.fail(reason)`. Whoever calls such a function reads here what its throw means. */
import { reasonOf } from "@celeriac/core/runtime";
import type { Ending } from "../model.ts";
import type { RunContext } from "./run-context.ts";

type Thrown = Extract<Ending, { kind: "skipped" | "failed" }>;

class TaskEnding extends Error {
  override readonly name = "TaskEnding";
  readonly ending: Thrown;
  constructor(ending: Thrown) {
    super(ending.reason);
    this.ending = ending;
  }
}

/** What each run context has of it. */
export const endings: Pick<RunContext, "skip" | "fail"> = Object.freeze({
  skip(reason: unknown = "its own code skipped it"): never {
    throw new TaskEnding({ kind: "skipped", reason: reasonOf(reason) });
  },
  fail(reason: unknown): never {
    throw new TaskEnding({ kind: "failed", reason: reasonOf(reason), retryable: false });
  },
});

/** What a try comes to whose work has thrown: anything else than `skip` and `fail` may be tried again. */
export function thrownEnding(error: unknown): Thrown {
  return error instanceof TaskEnding ? error.ending : { kind: "failed", reason: reasonOf(error), retryable: true };
}
