/** Tables for people: a dim head, columns two spaces apart, no lines; what does not fit the terminal is cut at its end. */
import Table from "cli-table3";
import type { Output } from "./output.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

const parts = ["top", "bottom", "mid"].flatMap((place) => [place, `${place}-left`, `${place}-mid`, `${place}-right`]);
const noLines = Object.fromEntries([...parts, "left", "left-mid", "right", "right-mid"].map((part) => [part, ""]));
const gap = 2;

/** Cells may be coloured. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { colors, columns: width }: Pick<Output, "colors" | "columns">,
): string {
  const drawn = new Table({
    head: columns.map(({ title }) => colors.dim(title)),
    colAligns: columns.map(({ align = "left" }) => align),
    chars: { ...noLines, middle: " ".repeat(gap) },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0, compact: true },
    truncate: "…",
    ...lastWidth(columns, rows, width),
  });
  for (const row of rows) drawn.push([...row]);
  return drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** The last column gets what the others leave. */
function lastWidth(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): { readonly colWidths?: (number | null)[] } {
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...rows.map((row) => shownLength(row[at] ?? ""))));
  const last = widths.pop() ?? 0;
  const room = width - widths.reduce((sum, each) => sum + each + gap, 0);
  return last <= room ? {} : { colWidths: [...widths.map(() => null), Math.max(10, room)] };
}

function shownLength(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
  return text.replace(/\u001b\[[0-9;]*m/g, "").length;
}
