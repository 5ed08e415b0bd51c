/** The command of the monitor: a row of the table of commands. Its options are the monitor's own table. */
import { textSetting } from "@celeriac/core/runtime";
import { type MonitorOptions, monitorOptionTable } from "@celeriac/flower/options";
import { signalCodes, usageCodes } from "./command-options.ts";
import type { CommandRow } from "./command-row.ts";
import { type OptionRow, option, ownOption } from "./option.ts";
import { logLevelSetting } from "./worker-flags.ts";

/** Those that a command line can say; --debug is one of every command. */
type FlagName = Exclude<keyof typeof monitorOptionTable, "debug" | "formatTask">;
type MonitorFlags = { readonly [K in FlagName]: OptionRow<MonitorOptions[K]> };

const { debug: _, formatTask: __, ...flagged } = monitorOptionTable;
const monitorFlags = Object.fromEntries(
  Object.entries(flagged).map(([name, row]) => [name, ownOption<unknown>(row, row.kind === "yes or no" ? null : placeholderOf(row.kind))]),
) as unknown as MonitorFlags;

/** The flags that are given to a monitor, by name. */
export const monitorFlagNames = Object.keys(monitorFlags) as readonly FlagName[];

function placeholderOf(kind: string): string {
  if (kind.startsWith("whole number")) return "N";
  return kind.includes("commas") ? "A,B" : "TEXT";
}

export const monitorCommands = {
  flower: {
    doc: "Watches workers and tasks: pages, Flower's API, history.",
    notes: [
      "Options are Flower's, and are spelled --max-tasks or --max_tasks. What no flag says, a file may say (flowerconfig.json or .ts of the working folder, or --conf), else a variable such as FLOWER_MAX_TASKS.",
      "It watches Python's workers as well as ours. An app is not needed where -b or CELERY_BROKER_URL names the broker; with -A tasks can be sent by name through the API as well as by send-task.",
      "Until a login is configured it listens on 127.0.0.1 alone and changes nothing. SIGTERM or SIGINT (Ctrl-C) ends it; the history is kept.",
    ],
    positionals: {},
    options: {
      loglevel: option(logLevelSetting, "LEVEL", "l"),
      logfile: option(textSetting(null, "Append the log to this file, as JSON lines."), "FILE", "f"),
      ...monitorFlags,
    },
    examples: [
      ["celeriac -b redis://localhost flower", "the workers on this broker, at http://127.0.0.1:5555"],
      ["celeriac -A ./tasks.ts flower --port=8080 --basic-auth=ada:secret", "on every address of this machine, behind a login"],
      ["celeriac -b redis://localhost flower --unauthenticated-api", "open to whoever reaches it"],
    ],
    exitCodes: { 0: "Stopped.", 1: "It could not start: see the error's code.", 2: usageCodes[2], ...signalCodes },
  },
} as const satisfies Readonly<Record<string, CommandRow>>;
