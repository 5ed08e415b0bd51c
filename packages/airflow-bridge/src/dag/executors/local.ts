/** Runs instances in child processes of this machine, so many at a time. A child starts when it is first needed, and is kept for the next one. */
import type { Executor } from "../executor.ts";
import { type ChildOptions, type RunChild, startChild } from "./child.ts";
import { createSeatedExecutor, type Seat } from "./seated.ts";

export function createLocalExecutor(options: ChildOptions & { readonly parallelism: number }): Executor {
  return createSeatedExecutor("local", options.parallelism, () => seatOf(options), options.clock);
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
