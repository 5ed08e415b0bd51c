/** A function that says whether the run goes on here: if not, all that stands behind it is skipped. */

import { descendantsOf, type TaskDraft } from "../definition/task-draft.ts";
import type { Ending, Work } from "../model.ts";
import { withWork } from "../runner/current-work.ts";
import type { RunContext } from "../runner/run-context.ts";

export type Test = (run: RunContext, ...args: never[]) => unknown;

/** However far behind, and whatever the rules there say, as Airflow does it unless told otherwise. */
export function shortCircuitWork(test: Test, task: TaskDraft): Work {
  const call = test as (run: RunContext, ...args: readonly unknown[]) => unknown;
  const behind = [...descendantsOf([task])].map(({ id }) => id);
  return {
    kind: "run",
    async run(context, args): Promise<Ending> {
      const goesOn = Boolean(await withWork(context, () => call(context, ...args)));
      return goesOn ? { kind: "success", value: true } : { kind: "branch", value: false, skip: behind };
    },
  };
}
