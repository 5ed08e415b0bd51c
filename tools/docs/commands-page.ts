/** The page of the `celeriac` command: from the table that its parser and its help run on. */
import { globalOptions } from "../../packages/cli/src/command-options.ts";
import type { CommandRow } from "../../packages/cli/src/command-row.ts";
import { commandTable, findingTheApp, overviewExamples } from "../../packages/cli/src/command-table.ts";
import { flagOf, type OptionTable } from "../../packages/cli/src/option.ts";
import { code, page, table } from "./page.ts";

export function commandsPage(): string {
  const commands: Readonly<Record<string, CommandRow>> = commandTable;
  const body = [
    examplesTable(overviewExamples),
    "## Options of every command",
    optionsTable(globalOptions),
    "## Finding the app",
    ...findingTheApp,
    ...Object.entries(commands).flatMap(([name, row]) => commandSection(name, row)),
  ].join("\n\n");
  return page(
    "Commands",
    "packages/cli/src/command-table.ts",
    "What `celeriac` can be asked for. `celeriac COMMAND --help` says the same.",
    body,
  );
}

function commandSection(name: string, row: CommandRow): readonly string[] {
  const positionals = Object.entries(row.positionals);
  const words = positionals.map(([positional, { many }]) => (many ? `[${positional.toUpperCase()}…]` : positional.toUpperCase()));
  return [
    `## celeriac ${name}`,
    row.doc,
    code(["celeriac [-A APP]", name, ...words, "[options]"].join(" ")),
    ...row.notes,
    ...(positionals.length === 0
      ? []
      : [
          table(
            ["argument", "meaning"],
            positionals.map(([positional, { doc }]) => [code(positional.toUpperCase()), doc]),
          ),
        ]),
    optionsTable(row.options),
    examplesTable(row.examples),
    table(
      ["exit code", "meaning"],
      Object.entries(row.exitCodes).map(([exitCode, meaning]) => [exitCode, meaning]),
    ),
  ];
}

function examplesTable(examples: CommandRow["examples"]): string {
  return table(
    ["example", ""],
    examples.map(([line, doc]) => [code(line), doc]),
  );
}

function optionsTable(options: OptionTable): string {
  const rows = Object.entries(options).map(([name, { setting, alias, value }]) => {
    const flags = alias === null ? [flagOf(name)] : [`-${alias}`, flagOf(name)];
    return [
      flags.map((flag) => code(value === null ? flag : `${flag} ${value}`)).join("<br>"),
      value === null ? "" : setting.kind,
      value === null || setting.default === null || String(setting.default) === "" ? "" : code(String(setting.default)),
      setting.env === undefined ? "" : code(setting.env),
      setting.doc,
    ];
  });
  return table(["option", "value", "default", "environment", "meaning"], rows);
}
