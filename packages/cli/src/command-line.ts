/** From the words of a command line to a checked command, by the table. The only file that knows yargs-parser, which cuts the words up. */
import { CeleriacError, nearest, reasonOf } from "@celeriac/core/runtime";
import yargsParser from "yargs-parser";
import { absentFlag } from "./absent-flags.ts";
import { globalOptions, optionsOf } from "./command-options.ts";
import type { CommandRow } from "./command-row.ts";
import { type CommandArguments, type CommandName, commandTable } from "./command-table.ts";
import { flagOf, type OptionRow, type OptionTable } from "./option.ts";

export type CommandLine =
  | { readonly kind: "help"; readonly command: CommandName | null }
  | { readonly kind: "version" }
  | { readonly [C in CommandName]: { readonly kind: "run"; readonly command: C; readonly args: CommandArguments<C> } }[CommandName];

type Words = Readonly<Record<string, unknown>> & { readonly _: readonly unknown[] };

/** Of all commands: what may come before one is named. Where several have one of the same name, the first command's counts. */
const allOptions: OptionTable = Object.assign(
  {},
  ...Object.values(commandTable)
    .map((row) => row.options)
    .reverse(),
  globalOptions,
);

/** The first command that is among the words; one of two words lies in neighbours. */
export function commandAmong(words: readonly string[]): CommandName | null {
  const names = words.flatMap((word, at) => [`${word} ${words[at + 1]}`, word]);
  return (names.find((name) => Object.hasOwn(commandTable, name)) as CommandName | undefined) ?? null;
}

/** Throws COMMAND_USAGE. `environment` is asked for the options that name a variable. */
export function readCommandLine(words: readonly string[], environment: NodeJS.ProcessEnv): CommandLine {
  const [first, second] = cut(words, allOptions)._.map(String);
  if (first === "help" || (first === undefined && words.length === 0)) return { kind: "help", command: commandAmong(words) };
  const command = first === undefined ? null : commandNamed(first, second);
  const row: CommandRow | null = command === null ? null : commandTable[command];
  const cutWords = cut(words, row === null ? allOptions : optionsOf(row.options));
  if (last(cutWords["help"]) === true) return { kind: "help", command };
  if (last(cutWords["version"]) === true) return { kind: "version" };
  if (command === null || row === null) {
    const names = Object.keys(commandTable);
    if (first !== undefined) throw usage(unknownCommand(first, second, names));
    refuseUnknownOptions("celeriac", cutWords, allOptions);
    throw usage(`name a command: ${names.join(", ")}`);
  }

  refuseUnknownOptions(command, cutWords, { ...globalOptions, ...row.options });
  const commandWords = command.split(" ");
  const [...positionals] = cutWords._.map(String);
  // A letter that every command has may be the command's own, and take the word behind it.
  if (positionals.splice(0, commandWords.length).join(" ") !== command) throw usage(`write the options of ${command} behind it`);
  const args = {
    common: readOptions(globalOptions, cutWords, environment),
    positionals: readPositionals(command, row, positionals),
    options: readOptions(row.options, cutWords, environment),
  };
  return { kind: "run", command, args } as CommandLine;
}

function commandNamed(first: string, second: string | undefined): CommandName | null {
  const names = [`${first} ${second}`, first];
  return (names.find((name) => Object.hasOwn(commandTable, name)) as CommandName | undefined) ?? null;
}

/** Of a command of two words both are told. */
function unknownCommand(first: string, second: string | undefined, names: readonly string[]): string {
  const family = names.filter((name) => name.startsWith(`${first} `));
  const [written, known] = family.length === 0 ? [first, names] : [[first, second].filter((word) => word !== undefined).join(" "), family];
  return unknown(`unknown command ${written}`, written, known, `: expected ${known.join(", ")}`);
}

function cut(words: readonly string[], options: OptionTable): Words {
  const rows = Object.entries(options).map(([name, row]) => ({ ...row, word: flagOf(name).slice(2) }));
  const optionsEnd = words.includes("--") ? words.indexOf("--") : words.length;
  const { argv, error } = yargsParser.detailed(
    words.flatMap((word, at) => (at < optionsEnd ? glued(spelled(word, rows), rows) : [word])),
    {
      alias: Object.fromEntries(rows.flatMap(({ word, alias }) => (alias === null ? [] : [[word, [alias]]]))),
      boolean: rows.filter(({ value }) => value === null).map(({ word }) => word),
      string: rows.filter(({ value }) => value !== null).map(({ word }) => word),
      configuration: {
        "camel-case-expansion": false,
        "dot-notation": false,
        "boolean-negation": false,
        "parse-numbers": false,
        "parse-positional-numbers": false,
        "strip-aliased": true,
        "greedy-arrays": false,
      },
    },
  );
  if (error !== null) throw usage(error.message, error);
  return argv;
}

/** As Flower takes them: --max_tasks is --max-tasks, and --auto-refresh=False turns off what is on. */
function spelled(given: string, rows: readonly (OptionRow & { readonly word: string })[]): string {
  const match = /^(--[a-z][a-z0-9_-]*)(?:=(.*))?$/s.exec(given);
  if (match === null) return given;
  const flag = match[1]!.replaceAll("_", "-");
  const value = match[2];
  if (value === undefined) return flag;
  const row = rows.find(({ word }) => `--${word}` === flag);
  const read = row?.value === null ? row.setting.read(value.toLowerCase()) : undefined;
  return `${flag}=${typeof read === "boolean" ? read : value}`;
}

/** -c4 and -c=4 are -c 4. */
function glued(word: string, rows: readonly OptionRow[]): readonly string[] {
  const match = /^-([A-Za-z])=?(.+)$/s.exec(word);
  const takesValue = match !== null && rows.some(({ alias, value }) => alias === match[1] && value !== null);
  return takesValue ? [`-${match[1]}`, match[2]!] : [word];
}

function readOptions(table: OptionTable, words: Words, environment: NodeJS.ProcessEnv): Readonly<Record<string, unknown>> {
  const values = Object.entries(table).map(([name, row]) => {
    const flag = flagOf(name);
    const { env, default: fallback } = row.setting;
    const given = words[flag.slice(2)];
    if (given !== undefined) return [name, readOption(flag, row, given)];
    if (row.isOwn === true) return [name, undefined];
    const set = env === undefined ? undefined : environment[env];
    return [name, set === undefined || set === "" ? fallback : readOption(env!, row, set)];
  });
  return Object.fromEntries(values) as Record<string, unknown>;
}

/** `name`: the flag, or the environment variable. Given more than once, names add up; of all others the last counts. */
function readOption(name: string, { setting, value }: OptionRow, given: unknown): unknown {
  if (value === null) return last(given);
  const texts = [given].flat().map(String);
  if (texts.includes("")) throw usage(`${name} needs a value: ${value}`);
  const isList = Array.isArray(setting.default);
  const written = isList ? texts.flatMap((text) => text.split(",")).filter((text) => text !== "") : texts.at(-1)!;
  let read: unknown;
  try {
    read = setting.read(written);
  } catch (cause) {
    throw usage(`${name}: ${reasonOf(cause)}`, cause);
  }
  if (read === undefined) throw usage(`${name}: expected ${setting.kind}, got ${JSON.stringify(texts.at(-1))}`);
  return read;
}

function readPositionals(command: CommandName, row: CommandRow, given: readonly string[]): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  let at = 0;
  for (const [name, { many, optional }] of Object.entries(row.positionals)) {
    if (!many && optional !== true && given[at] === undefined) throw usage(`${command} needs ${name.toUpperCase()}`);
    values[name] = many ? given.slice(at) : (given[at] ?? null);
    at = many ? given.length : at + 1;
  }
  if (at < given.length) throw usage(`${command} takes no argument ${JSON.stringify(given[at])}`);
  return values;
}

function refuseUnknownOptions(who: string, words: Words, table: OptionTable): void {
  const flags = Object.keys(table).map(flagOf);
  const stranger = Object.keys(words).find((name) => name !== "_" && !flags.includes(`--${name}`));
  if (stranger === undefined) return;
  const written = stranger.length === 1 ? `-${stranger}` : `--${stranger}`;
  const instead = absentFlag(written);
  if (instead !== undefined) throw usage(`${who} has no option ${written}: ${instead}`);
  throw usage(unknown(`${who} has no option ${written}`, written, flags));
}

function unknown(message: string, name: string, known: readonly string[], otherwise = ""): string {
  const near = nearest(name, known);
  return `${message}${near === null ? otherwise : `: did you mean ${near}?`}`;
}

function last(given: unknown): unknown {
  return Array.isArray(given) ? given.at(-1) : given;
}

function usage(message: string, cause?: unknown): CeleriacError {
  return new CeleriacError("COMMAND_USAGE", message, cause === undefined ? {} : { cause });
}
