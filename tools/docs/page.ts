/** What a generated page is, and the Markdown it is made of. */

export interface Page {
  /** below docs/reference */
  readonly file: string;
  /** Its text; from the tables in the sources, so the same sources give the same text. */
  render(): string;
}

/** A page with its heading, its introduction and a note on where it comes from. `source` is a path from the repository's root. */
export function page(title: string, source: string, introduction: string, body: string): string {
  const note = `<!-- Generated from ${source} by \`npm run docs\`: change it there. -->`;
  return `${note}\n\n# ${title}\n\n${introduction}\n\n${body}\n`;
}

/** A Markdown table; cells may hold any text. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

export function code(text: string): string {
  return `\`${text}\``;
}
