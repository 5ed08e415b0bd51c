/** Reads the tables of docs/celery-parity.md: what Celery has, what becomes of it here, and which tests show it. */

/** As the page spells them, best first. */
export const states = ["same", "better", "mapped", "not applicable", "not yet"] as const;
export type ParityState = (typeof states)[number];

export interface ParityRow {
  /** heading that it stands under */
  readonly section: string;
  /** from 1 */
  readonly line: number;
  /** what it is about: each name in backticks, or the whole cell where there is none */
  readonly items: readonly string[];
  /** as it was written; one of `states` if the page is right */
  readonly state: string;
  readonly proofs: readonly Proof[];
}

export interface Proof {
  /** words of a test's title */
  readonly words: string;
  /** as it was linked */
  readonly file: string;
}

const head = ["Celery", "State", "Here", "Shown by"];
const proofLink = /\[([^\]]+)\]\(([^)\s]*\/test\/[^)\s]+)\)/g;
const codeSpan = /`([^`]+)`/g;

export function parityRows(page: string): readonly ParityRow[] {
  const rows: ParityRow[] = [];
  let section = "";
  let isTable = false;
  for (const [index, text] of page.split("\n").entries()) {
    section = /^## (.+)$/.exec(text)?.[1] ?? section;
    const cells = cellsOf(text);
    if (cells === null) isTable = false;
    else if (cells.join() === head.join()) isTable = true;
    else if (isTable && !cells.every((cell) => /^:?-+:?$/.test(cell))) {
      const [what = "", state = "", , shown = ""] = cells;
      const proofs = [...shown.matchAll(proofLink)].map(([, words = "", file = ""]) => ({ words, file }));
      const names = codeWords(what);
      rows.push({ section, line: index + 1, items: names.length === 0 ? [what] : names, state, proofs });
    }
  }
  return rows;
}

/** What is between backticks. */
export function codeWords(text: string): readonly string[] {
  return [...text.matchAll(codeSpan)].map(([, name = ""]) => name);
}

/** null: not a row of a table. */
function cellsOf(line: string): readonly string[] | null {
  if (!line.startsWith("|") || !line.endsWith("|")) return null;
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}
