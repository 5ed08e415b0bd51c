/**
 * The commands: one table, from which the parser, `--help` and `docs/reference/commands.md` come; its rows lie by subject in the files beside it. The
 * worker's options are the worker's own table.
 */
import { textSetting } from "@celeriac/core/runtime";
import { airflowCommands } from "./airflow-commands.ts";
import { type globalOptions, usageCodes } from "./command-options.ts";
import type { CommandRow, PositionalRow } from "./command-row.ts";
import { dagCommands } from "./dag-commands.ts";
import { monitorCommands } from "./monitor-commands.ts";
import { type OptionValues, option } from "./option.ts";
import { queueCommands } from "./queue-commands.ts";
import { remoteCommands } from "./remote-commands.ts";
import { scheduleCommands } from "./schedule-commands.ts";
import { taskCommands } from "./task-commands.ts";
import { workerCommands } from "./worker-commands.ts";

export const commandTable = {
  ...workerCommands,
  ...scheduleCommands,
  ...monitorCommands,
  ...taskCommands,
  ...queueCommands,
  ...remoteCommands,
  ...airflowCommands,
  ...dagCommands,
  report: {
    doc: "Tells what the app and its servers are made of.",
    notes: [
      "Versions, system, app, tasks, and the settings that differ from their defaults, without the passwords in them; nothing is connected to. Of running workers: celeriac inspect report.",
      "--bundle also asks the servers, queues and workers, and writes all of it into files; what cannot be asked is in them as the reason.",
    ],
    positionals: {},
    options: { bundle: option(textSetting(null, "Write it, and more, into this folder, which is made."), "FOLDER") },
    examples: [
      ["celeriac -A ./tasks.ts report", "as text, to paste"],
      ["celeriac -A ./tasks.ts report --bundle ./report", "as a folder, to send"],
    ],
    exitCodes: { 0: "Done.", ...usageCodes },
  },
} as const satisfies Readonly<Record<string, CommandRow>>;

export type CommandName = keyof typeof commandTable;

type PositionalValues<T extends Readonly<Record<string, PositionalRow>>> = {
  readonly [K in keyof T]: T[K]["many"] extends true
    ? readonly string[]
    : T[K] extends { readonly optional: true }
      ? string | null
      : string;
};
/** What a command is called with. */
export interface CommandArguments<C extends CommandName> {
  readonly common: OptionValues<typeof globalOptions>;
  readonly positionals: PositionalValues<(typeof commandTable)[C]["positionals"]>;
  readonly options: OptionValues<(typeof commandTable)[C]["options"]>;
}

/** For the help and the reference of the command itself. */
export const overviewExamples: CommandRow["examples"] = [
  ["celeriac -A ./tasks.ts dev", "a worker that starts anew when the code changes"],
  ["celeriac -A ./tasks.ts call shop.add 1 2 --wait", "call a task and print its result"],
  ["celeriac -A ./tasks.ts -b redis://localhost worker -c 8", "a worker with eight processes on Redis"],
];

/** How an app is found, for the help and the reference. */
export const findingTheApp: readonly string[] = [
  "-A ./tasks.ts names a file, -A ./src/tasks a file without its ending or a folder with index or celery in it; ./tasks.ts:shop is the app that it exports under the name shop.",
  'Without -A it is what package.json says under "celeriac": { "app": … }, else celery.ts or tasks.ts (or .js, .mjs) in the working folder or its src.',
];
