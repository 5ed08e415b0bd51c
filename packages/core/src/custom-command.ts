/** Commands of remote control that an app adds to Celery's: declared on the app, carried out by its workers' main process. */
import { remoteCommandOf } from "./command.ts";
import type { ArgumentRow } from "./command-argument.ts";
import type { RemoteCommandRow } from "./command-row.ts";
import { CeleriacError } from "./errors.ts";
import type { Logger } from "./logger.ts";

/** The worker that carries a command out. */
export interface CommandedWorker {
  /** node name */
  readonly hostname: string;
  readonly queues: readonly string[];
  readonly log: Logger;
}

export interface CustomCommandOptions {
  /** "control" unless told: whether `celeriac inspect` or `celeriac control` lists it */
  readonly kind?: RemoteCommandRow["kind"] | undefined;
  readonly doc?: string | undefined;
  /** its arguments by name, in the order of a command line; those that do not fit are refused before it is called */
  readonly args?: Readonly<Record<string, ArgumentRow>> | undefined;
}

/** What it returns is the answer, what it throws as `{error}`; undefined answers null. */
export type RunCommand = (worker: CommandedWorker, args: Readonly<Record<string, unknown>>) => unknown;

export interface CustomCommand {
  readonly row: RemoteCommandRow;
  readonly run: RunCommand;
}

/** Throws CONTROL_ARGUMENTS for the name of a command that Celery has, or a command that is no function. */
export function customCommand(
  name: string,
  { kind = "control", doc = "", args = {} }: CustomCommandOptions,
  run: RunCommand,
): CustomCommand {
  if (typeof name !== "string" || name === "" || remoteCommandOf(name) !== undefined)
    throw new CeleriacError("CONTROL_ARGUMENTS", `A command cannot be named ${JSON.stringify(name)}: that name is taken, or none`);
  if (typeof run !== "function") throw new CeleriacError("CONTROL_ARGUMENTS", `Command ${name} has no function`);
  return Object.freeze({ row: Object.freeze({ kind, doc, args }), run });
}
