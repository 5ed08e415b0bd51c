/** A function that exists in its DAG only. */

import type { Work } from "../model.ts";
import { withWork } from "../runner/current-work.ts";
import type { RunContext } from "../runner/run-context.ts";

/** What it returns is what the task gives; what it throws fails the try. */
export function functionWork(fn: (run: RunContext, ...args: never[]) => unknown): Work {
  const call = fn as (run: RunContext, ...args: readonly unknown[]) => unknown;
  return {
    kind: "run",
    run: async (context, args) => ({ kind: "success", value: await withWork(context, () => call(context, ...args)) }),
  };
}
