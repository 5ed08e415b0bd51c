/** Remote control of the executors that run tasks: rows of the table in command.ts. */
import type { RemoteCommandRow } from "../command-row.ts";

export const poolCommands = {
  stacks: {
    kind: "inspect",
    doc: "What each executor of the pool runs, for how many seconds, and its JavaScript stack, even of one that never gives way. Python's workers do not know it.",
    args: {},
  },
  pool_grow: {
    kind: "control",
    doc: "More executors, or slots in the pools async and inline; where it autoscales, its range grows with it.",
    args: { n: { kind: "whole", doc: "How many more; 1 unless told." } },
  },
  pool_shrink: {
    kind: "control",
    doc: "Fewer executors, or slots: what runs ends.",
    args: { n: { kind: "whole", doc: "How many fewer; 1 unless told." } },
  },
  pool_restart: {
    kind: "control",
    doc: "Replaces the executors one after the other, so that code is loaded anew; what runs ends.",
    args: {
      modules: { kind: "texts", doc: "Passed over: all code is loaded anew." },
      reload: { kind: "flag", doc: "As modules." },
    },
  },
  autoscale: {
    kind: "control",
    doc: "Between how many executors, or slots, a worker that autoscales keeps its pool.",
    args: {
      max: { kind: "whole", doc: "At most; as it was unless told." },
      min: { kind: "whole", doc: "At least; as it was unless told." },
    },
  },
} as const satisfies Readonly<Record<string, RemoteCommandRow>>;
