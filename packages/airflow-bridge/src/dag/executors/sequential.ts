/** Runs instances in the scheduler's own process, one at a time: for trying out, and where nothing else may be started. */

import { Interruption } from "../runner/interruption.ts";
import { type RunnerParts, runInstance } from "../runner/runner.ts";
import type { Executor } from "./executor.ts";
import { createSeatedExecutor, type Seat } from "./seated.ts";

export function createSequentialExecutor(parts: RunnerParts): Executor {
  return createSeatedExecutor({ name: "sequential", seatCount: 1, openSeat: () => seatHere(parts), keepIdleMs: null, clock: parts.clock });
}

function seatHere(parts: RunnerParts): Seat {
  let abort = new AbortController();
  return {
    async open() {},
    async run(instance) {
      abort = new AbortController();
      await runInstance(instance, instance.externalId, parts, abort.signal);
      return { kind: "left" };
    },
    interrupt: (why) => abort.abort(new Interruption(why, why === "revoked" ? "it was revoked" : "its process is to end")),
    async close() {},
  };
}
