/** The table of one run, for a terminal and as the page `docs/proofs.md`. */
import { availableParallelism, cpus, loadavg, release } from "node:os";
import type { Figure, Proof } from "./figure.ts";

export interface Proven {
  readonly proof: Proof;
  readonly figures: readonly Figure[];
}

/** What a reader must know of the machine: it is shared and loaded as the figure of its load says. */
export interface Conditions {
  readonly at: Date;
  /** processes that ran or waited, over the last 15 minutes, before the run */
  readonly loadBefore: number;
}

export function conditionsNow(): Conditions {
  return { at: new Date(), loadBefore: loadavg()[2] ?? 0 };
}

export function terminalTable(proven: readonly Proven[]): string {
  const rows = proven.flatMap(({ proof, figures }) => figures.map((figure) => [proof.name, ...cellsOf(figure)]));
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")).join("\n");
}

export function page(proven: readonly Proven[], { at, loadBefore }: Conditions): string {
  const machine = `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores, Linux ${release()}, Node ${process.version}`;
  const minutes = Math.round((Date.now() - at.getTime()) / 60_000);
  const parts = proven.map(({ proof, figures }) => {
    const lines = figures.map((figure) => `| ${cellsOf(figure).join(" | ")} |`);
    return [`## ${proof.name}`, "", proof.how, "", "| what | figure | bound | met |", "|---|---|---|---|", ...lines, ""].join("\n");
  });
  return `<!-- Written by \`npm run proofs -- --out docs/proofs.md\`: measure again instead of editing. -->

# Proofs

What is promised in figures and is measured, not tested: one run of \`npm run proofs\`, which ends with 1 when a bound is missed. A figure with a range is the median of several measurements, with the least and the greatest.

${at.toISOString().slice(0, 10)}, ${minutes} minutes; ${machine}; a machine that others used, too: load ${loadBefore.toFixed(1)} before the run.

${parts.join("\n")}`;
}

function cellsOf({ what, figure, bound, isMet }: Figure): readonly [string, string, string, string] {
  return [what, figure, bound, bound === "" ? "" : isMet ? "yes" : "**no**"];
}
