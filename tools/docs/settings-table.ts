/** A table of settings, as every package keeps one, as Markdown. */
import { type SettingTable, snakeCase } from "../../packages/core/src/setting.ts";
import { code, table } from "./page.ts";

/** `names` gives the names a reader may write for a setting. */
export function settingsTable(settings: SettingTable, names: (name: string) => readonly string[] = bothCases): string {
  const rows = Object.entries(settings).map(([name, row]) => [
    names(name).map(code).join("<br>"),
    row.kind,
    defaultOf(row.default),
    variables(row).map(code).join("<br>"),
    row.doc,
  ]);
  return table(["name", "value", "default", "environment", "meaning"], rows);
}

/** A secret may lie in a file as well. */
function variables({ env, secret }: SettingTable[string]): readonly string[] {
  if (env === undefined) return [];
  return secret === true ? [env, `${env}_FILE`] : [env];
}

function bothCases(name: string): readonly string[] {
  return [...new Set([name, snakeCase(name)])];
}

function defaultOf(value: unknown): string {
  return value === null ? "unset" : code(JSON.stringify(value));
}
