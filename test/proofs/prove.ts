/** Runs proofs and tells what they found: as a table on the terminal, and as sections of the page `docs/proofs.md`. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release } from "node:os";
import type { Figure, Proof } from "./figure.ts";

export interface Proven {
  readonly proof: Proof;
  readonly figures: readonly Figure[];
  readonly conditions: Conditions;
}

/** What a reader must know of the machine: it is shared and loaded as the figure of its load says. */
export interface Conditions {
  readonly at: Date;
  readonly minutes: number;
  /** processes that ran or waited, over the last 5 minutes, before the proof */
  readonly loadBefore: number;
}

/** Runs a proof, with what it tells on the terminal. */
export async function prove(proof: Proof): Promise<Proven> {
  const [at, loadBefore] = [new Date(), loadavg()[1] ?? 0];
  const figures = await proof.run((line) => console.log(`${proof.name}: ${line}`));
  return { proof, figures, conditions: { at, minutes: Math.ceil((Date.now() - at.getTime()) / 60_000), loadBefore } };
}

/** Prints the table, puts it into the page `out` where one is named, and gives the exit code: 1 when a bound is missed. */
export function tellProven(proven: readonly Proven[], out: string | null): number {
  console.log(`\n${terminalTable(proven)}`);
  if (out !== null) writeFileSync(out, page(proven, existsSync(out) ? readFileSync(out, "utf8") : ""));
  return proven.every(({ figures }) => figures.every(({ isMet }) => isMet)) ? 0 : 1;
}

function terminalTable(proven: readonly Proven[]): string {
  const rows = proven.flatMap(({ proof, figures }) => figures.map((figure) => [proof.name, ...cellsOf(figure)]));
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")).join("\n");
}

/** `existing`: the page as it is; what was not measured now stays as it stands there. */
function page(proven: readonly Proven[], existing = ""): string {
  const parts = existing.split(/^(?=## )/m).slice(1);
  const sections = new Map(parts.map((part) => [/^## (.+)$/m.exec(part)?.[1] ?? "", part.trimEnd()]));
  for (const one of proven) sections.set(one.proof.name, section(one));
  const machine = `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores, Linux ${release()}, Node ${process.version}`;
  return `<!-- Written by \`npm run proofs -- --out docs/proofs.md\`: measure again instead of editing. -->

# Proofs

What is promised in figures and is measured, not tested, by \`npm run proofs\` and \`npm run soak\`, which end with 1 when a bound is missed. A figure with a range is the median of several measurements, with the least and the greatest.

${machine}; a machine that others used, too: its load before each proof stands beside it.

${[...sections.values()].join("\n\n")}
`;
}

function section({ proof, figures, conditions: { at, minutes, loadBefore } }: Proven): string {
  const lines = figures.map((figure) => `| ${cellsOf(figure).join(" | ")} |`);
  const when = `${at.toISOString().slice(0, 10)}, ${minutes} minutes; load ${loadBefore.toFixed(1)} before.`;
  return [`## ${proof.name}`, "", proof.how, "", when, "", "| what | figure | bound | met |", "|---|---|---|---|", ...lines].join("\n");
}

function cellsOf({ what, figure, bound, isMet }: Figure): readonly [string, string, string, string] {
  return [what, figure, bound, bound === "" ? "" : isMet ? "yes" : "**no**"];
}
