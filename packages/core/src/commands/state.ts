/** Remote control of the worker itself, what it is made of and how it fares: rows of the table in command.ts. */
import type { RemoteCommandRow } from "../command-row.ts";

export const stateCommands = {
  ping: { kind: "inspect", doc: "Answers pong.", args: {} },
  clock: { kind: "inspect", doc: "The worker's logical clock.", args: {} },
  stats: { kind: "inspect", doc: "Counts, pool, broker and resources of the worker.", args: {} },
  conf: {
    kind: "inspect",
    doc: "The app's settings that differ from their defaults, without secrets.",
    args: { with_defaults: { kind: "flag", doc: "All settings." } },
    aliases: ["dump_conf"],
  },
  report: {
    kind: "inspect",
    doc: "What the worker is made of, as text: versions, system, app, tasks, and settings without secrets.",
    args: {},
  },
  memsample: { kind: "inspect", doc: "The memory that the worker's main process has, as text.", args: {} },
  memdump: {
    kind: "inspect",
    doc: "Samples of memory.",
    args: { samples: { kind: "whole", doc: "How many." } },
    notApplicable: "No samples of memory are taken: see memsample, and stats.",
  },
  objgraph: {
    kind: "inspect",
    doc: "A picture of Python's objects.",
    args: {},
    notApplicable: "There are no objects of Python: take a heap snapshot with Node's --heapsnapshot-signal.",
  },
  election: {
    kind: "control",
    doc: "An election among Celery's workers.",
    args: {},
    notApplicable: "Workers of Celeriac elect nobody; they hold leases.",
  },
  shutdown: { kind: "control", doc: "Stops the worker warmly.", args: {}, answers: false },
} as const satisfies Readonly<Record<string, RemoteCommandRow>>;
