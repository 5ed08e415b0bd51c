/** Runs instances in child processes of this machine, so many at a time. A child starts when it is first needed, and is kept for the next one for a while. */

import { type ChildOptions, type RunChild, startChild } from "./child.ts";
import type { Executor } from "./executor.ts";
import { createSeatedExecutor, type Seat } from "./seated.ts";

/** A DAG of every few minutes finds its processes where they were; those of a busy hour do not stay for the night. */
const keepIdleMs = 300_000;

export function createLocalExecutor(options: ChildOptions & { readonly parallelism: number }): Executor {
  const { parallelism: seatCount, clock } = options;
  return createSeatedExecutor({ name: "local", seatCount, openSeat: () => seatOf(options), keepIdleMs, clock });
}

function seatOf(options: ChildOptions): Seat {
  let child: RunChild | null = null;
  const usable = (): RunChild => {
    if (child?.isUsable !== true) child = startChild(options);
    return child;
  };
  return {
    open: async () => await usable().opened,
    run: async (instance) => await usable().run(instance),
    interrupt: (why) => child?.interrupt(why),
    close: async () => await child?.close(),
  };
}
