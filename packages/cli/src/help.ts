/** The text of --help, from the table of commands. */
import { commonOptionsOf, globalOptions } from "./command-options.ts";
import type { CommandRow } from "./command-row.ts";
import { type CommandName, commandTable, findingTheApp, overviewExamples } from "./command-table.ts";
import { flagOf, type OptionRow, type OptionTable } from "./option.ts";
import type { Colors } from "./output.ts";
import { wrap } from "./text.ts";

export interface HelpLook {
  readonly colors: Colors;
  /** width of the terminal */
  readonly columns: number;
}

const widest = 100;
const indent = "  ";
/** A name wider than this gets a line of its own, so that the texts begin in one column. */
const nameColumn = 26;

/** null: of all commands. */
export function helpText(command: CommandName | null, look: HelpLook): string {
  const width = Math.min(look.columns, widest);
  const sections = command === null ? overview(look, width) : detail(command, commandTable[command], look, width);
  return `${sections.join("\n\n")}\n`;
}

function overview({ colors }: HelpLook, width: number): readonly string[] {
  const commands = Object.entries(commandTable).map(([name, { doc }]) => ({ name, doc }));
  return [
    `${colors.bold("celeriac")}  runs tasks from queues in Celery's format: RabbitMQ, Redis, SQLite`,
    section(colors, "Usage", ["celeriac [options] COMMAND …"]),
    section(colors, "Commands", columns(commands, colors, width)),
    examples(overviewExamples, colors),
    section(colors, "Options", optionLines(globalOptions, colors, width)),
    section(colors, "Finding the app", paragraphs(findingTheApp, width)),
    colors.dim("celeriac COMMAND --help shows what a command takes."),
  ];
}

function detail(name: CommandName, row: CommandRow, { colors }: HelpLook, width: number): readonly string[] {
  const words = Object.entries(row.positionals).map(([word, { many, optional }]) => {
    const shown = word.toUpperCase();
    return many ? `[${shown} …]` : optional === true ? `[${shown}]` : shown;
  });
  const positionals = Object.entries(row.positionals).map(([word, { doc }]) => ({ name: word.toUpperCase(), doc }));
  const codes = Object.entries(row.exitCodes).map(([code, doc]) => ({ name: code, doc }));
  return [
    `${colors.bold(`celeriac ${name}`)}  ${row.doc}`,
    section(colors, "Usage", [["celeriac", name, "[options]", ...words].join(" ")]),
    examples(row.examples, colors),
    ...(positionals.length === 0 ? [] : [section(colors, "Arguments", columns(positionals, colors, width))]),
    section(colors, "Options", optionLines(row.options, colors, width)),
    section(colors, "Options of every command", optionLines(commonOptionsOf(row.options), colors, width)),
    section(colors, "Notes", paragraphs(row.notes, width)),
    section(colors, "Exit codes", columns(codes, colors, width)),
  ];
}

function examples(rows: CommandRow["examples"], colors: Colors): string {
  return section(
    colors,
    "Examples",
    rows.flatMap(([line, doc]) => [colors.dim(`# ${doc}`), line]),
  );
}

function section(colors: Colors, title: string, lines: readonly string[]): string {
  return [colors.bold(title), ...lines.map((line) => (line === "" ? "" : `${indent}${line}`))].join("\n");
}

function optionLines(table: OptionTable, colors: Colors, width: number): readonly string[] {
  const hasAliases = Object.values(table).some(({ alias }) => alias !== null);
  const rows = Object.entries(table).map(([name, row]) => ({
    name: spelling(name, row, hasAliases),
    doc: `${row.setting.doc}${remarks(row)}`,
  }));
  return columns(rows, colors, width);
}

function spelling(name: string, { alias, value }: OptionRow, hasAliases: boolean): string {
  const short = alias === null ? (hasAliases ? "    " : "") : `-${alias}, `;
  return `${short}${flagOf(name)}${value === null ? "" : ` ${value}`}`;
}

/** Kind and default, where they say more than the line of doc. */
function remarks({ setting: { kind, default: fallback, env } }: OptionRow): string {
  const parts = [
    kind.startsWith("one of") ? kind : null,
    fallback === null || fallback === false || (Array.isArray(fallback) && fallback.length === 0)
      ? null
      : `default ${[fallback].flat().join(", ")}`,
    env === undefined ? null : `environment ${env}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
}

function columns(rows: readonly { readonly name: string; readonly doc: string }[], colors: Colors, width: number): readonly string[] {
  const nameWidth = Math.min(nameColumn, Math.max(...rows.map(({ name }) => name.length))) + 2;
  return rows.flatMap(({ name, doc }) => {
    const [first = "", ...more] = wrap(doc, width - indent.length - nameWidth);
    const rest = more.map((line) => `${" ".repeat(nameWidth)}${line}`);
    if (name.length + 2 > nameWidth) return [colors.cyan(name), `${" ".repeat(nameWidth)}${first}`, ...rest];
    return [`${colors.cyan(name)}${" ".repeat(nameWidth - name.length)}${first}`, ...rest];
  });
}

function paragraphs(texts: readonly string[], width: number): readonly string[] {
  return texts.flatMap((text, at) => [...(at === 0 ? [] : [""]), ...wrap(text, width - indent.length)]);
}
