/** Options that several commands share, and what is said of them. */
import { durationSetting, flagSetting, namesSetting, type Setting, textSetting } from "@celeriac/core/runtime";
import type { PositionalRow } from "./command-row.ts";
import { type OptionTable, option } from "./option.ts";

export const globalOptions = {
  app: option(
    textSetting(
      null,
      "The module that makes the app, or its folder; :NAME picks one of several. How it is found without: celeriac --help.",
      {
        env: "CELERIAC_APP",
      },
    ),
    "MODULE[:NAME]",
    "A",
  ),
  broker: option(textSetting(null, "Broker URL; wins over what the app says.", { secret: true }), "URL", "b"),
  resultBackend: option(textSetting(null, "Result backend URL; wins over what the app says.", { secret: true }), "URL"),
  allowEviction: option(flagSetting(false, "Use a Redis server although it may evict keys, and with them tasks."), null),
  json: option(flagSetting(false, "Write JSON, for programs: results, errors, and logs as one object a line."), null),
  text: option(flagSetting(false, "Write the log for people although no terminal is there."), null),
  quiet: option(flagSetting(false, "Write results and errors only."), null, "q"),
  noColor: option(flagSetting(false, "Write without colours; so does NO_COLOR in the environment."), null, "C"),
  debug: option(flagSetting(false, "Show the stack of an error."), null),
  workdir: option(textSetting(null, "Change to this folder first."), "FOLDER"),
  skipChecks: option(flagSetting(false, "Does nothing: it skips checks of Django, which are not made."), null),
  help: option(flagSetting(false, "Show what a command takes."), null, "h"),
  version: option(flagSetting(false, "Show the version."), null),
} as const satisfies OptionTable;

/** Those that a command line with this command may have. A letter that the command has itself is no letter of the others. */
export function optionsOf(own: OptionTable): OptionTable {
  const letters = new Set(Object.values(own).map(({ alias }) => alias));
  const common = Object.entries(globalOptions).map(([name, row]) => [name, letters.has(row.alias) ? { ...row, alias: null } : row]);
  return { ...(Object.fromEntries(common) as OptionTable), ...own };
}

/** The options of every command, with the letters that they have beside the command's own. */
export function commonOptionsOf(own: OptionTable): OptionTable {
  return Object.fromEntries(Object.entries(optionsOf(own)).filter(([name]) => Object.hasOwn(globalOptions, name)));
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
/** As a setting of the app, which counts where it is not given. */
export const inPlaceOf = <T>(setting: Setting<T>, doc: string): Setting<T | null> => ({ ...setting, default: null, doc });
export const timeout = option(durationSetting("60s", "How long --wait waits."), "DURATION");
export const usageCodes = { 1: "An error: see its code.", 2: "The command line could not be understood." } as const;
export const signalCodes = { 130: "Stopped cold by SIGINT.", 131: "Stopped cold by SIGQUIT.", 143: "Stopped cold by SIGTERM." } as const;

export const audienceOptions = {
  destination: option(namesSetting([], "Only the workers of these names."), "A,B", "d"),
  pattern: option(textSetting(null, "Only workers whose names fit, such as 'mail@*'."), "PATTERN"),
  timeout: option(durationSetting("1s", "How long answers are waited for."), "DURATION", "t"),
} as const satisfies OptionTable;
export const remoteOptions = {
  ...audienceOptions,
  list: option(flagSetting(false, "List the commands there are, the app's own with -A."), null, "l"),
  any: option(flagSetting(false, "Send it although nobody here knows its name: a command that somebody added to Python's workers."), null),
} as const satisfies OptionTable;
export const remotePositionals = {
  command: { doc: "The command.", many: false, optional: true },
  args: { doc: "Its arguments, in order or as NAME=VALUE.", many: true },
} as const satisfies Readonly<Record<string, PositionalRow>>;
export const remoteNotes = [
  "It goes to all workers, Python's as well, unless --destination or --pattern says which; nobody knows how many there are, so the answers of the next second (--timeout) are shown. Names of commands are Celery's.",
] as const;
export const remoteCodes = {
  0: "All who answered have done it.",
  1: "An error: see its code; or a worker answered with one.",
  2: usageCodes[2],
  69: "Nobody answered.",
} as const;
