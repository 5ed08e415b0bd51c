/** What becomes of Celery's settings, as Markdown. */
import type { CelerySetting } from "../../packages/core/src/celery-setting.ts";
import { code, table } from "./page.ts";

export function celerySettingsTable(settings: Readonly<Record<string, CelerySetting>>): string {
  const rows = Object.entries(settings).map(([name, row]) => [code(name), ...fate(row)]);
  return table(["setting", "what becomes of it", "taken without a word"], rows);
}

function fate(row: CelerySetting): readonly [string, string] {
  switch (row.kind) {
    case "kept":
      return ["[kept](settings.md)", ""];
    case "unused":
      return [`no effect: ${row.why}`, row.agrees.map((value) => code(JSON.stringify(value))).join(", ")];
  }
}
