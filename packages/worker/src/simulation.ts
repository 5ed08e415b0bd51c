/** Executors that pass for processes, for tests: they run tasks in this thread, one each, and can be ended and die as far as that can be done to them. */

import type { Execute } from "@celeriac/core/runtime";
import type { InlineLife } from "./pools/inline-life.ts";

export interface Simulation {
  /** 1 or more */
  readonly executors: number;
  /** What runs tasks in place of `execute`, in the executor whose life it is given. */
  readonly stage: (execute: Execute, life: InlineLife) => Execute;
}
