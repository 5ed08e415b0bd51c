/** The commands that run workers: rows of the table of commands. */
import { signalCodes, usageCodes } from "./command-options.ts";
import type { CommandRow } from "./command-row.ts";
import { workerFlags, workerOnlyFlags } from "./worker-flags.ts";

export const workerCommands = {
  worker: {
    doc: "Runs tasks from the broker's queues until it is stopped.",
    notes: [
      "SIGTERM or SIGINT (Ctrl-C) stops warmly: nothing more is taken, running tasks get --grace to end, what has not begun goes back to its queue. A second one, or SIGQUIT, stops cold: running tasks are ended and go back to their queues.",
      "SIGUSR1 makes it write what each executor runs, for how long, and its JavaScript stack, even where that never gives way.",
      "On a terminal, or with --text, the log is made for reading; elsewhere, or with --json, it is one JSON object a line. A worker that was started with an IPC channel stops warmly when the process at the other end is gone.",
    ],
    positionals: {},
    options: {
      ...workerFlags,
      ...workerOnlyFlags,
    },
    examples: [
      ["celeriac -A ./tasks.ts worker", "one child process for each core"],
      ["celeriac -A ./tasks.ts worker -c 4 -Q mail,default -n w1@%h", "two queues, four processes, a name of its own"],
      ["celeriac -A ./tasks.ts worker -P async -c 200", "200 tasks at once in one thread, for tasks that wait"],
      ["celeriac -A ./tasks.ts -b redis://localhost worker", "another broker than the app's"],
    ],
    exitCodes: {
      0: "Stopped warmly.",
      1: "It could not start, or lost its broker for good: see the error's code.",
      2: usageCodes[2],
      ...signalCodes,
    },
  },
  dev: {
    doc: "Runs a worker that starts anew when the code changes.",
    notes: [
      "It watches the project: the folder of the nearest package.json above the app's module, without node_modules. The running worker stops warmly before the next one starts. When no broker is named, tasks wait in the file celeriac.db of the working folder.",
    ],
    positionals: {},
    options: workerFlags,
    examples: [
      ["celeriac dev", "the app of this folder"],
      ["celeriac -A ./src/tasks dev -c 1", "one task at a time"],
    ],
    exitCodes: { 0: "Stopped.", ...usageCodes, ...signalCodes },
  },
} as const satisfies Readonly<Record<string, CommandRow>>;
