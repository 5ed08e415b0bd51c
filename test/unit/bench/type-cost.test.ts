import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { typeCostOf } from "../../../bench/type-cost.ts";
import { sourcesOf, typeCeilings } from "../../../bench/type-workload.ts";

const diagnostics = `Files:             235
Types:           32609
Instantiations:  50689
Memory used:    68608K
Check time:     0.936s
Total time:     1.098s
`;

it("reads the figures that the compiler says", () => {
  expect(typeCostOf(diagnostics)).toEqual({ instantiations: 50_689, types: 32_609, checkMs: 936, memoryMb: 67 });
});

it("refuses what a compiler says that does not say them", () => {
  expect(() => typeCostOf(diagnostics.replace("Instantiations", "Instances"))).toThrow(/did not say its Instantiations:\nFiles/);
});

it("measures as many tasks and canvases as were asked for, each under a name of its own", () => {
  const text = Object.values(sourcesOf({ tasks: 120, canvases: 60 })).join("\n");
  const exported = (kind: string) => new Set(text.match(new RegExp(`export const ${kind}\\d+`, "g")));
  expect([exported("task").size, exported("canvas").size]).toEqual([120, 60]);
});

it.each(typeCeilings)("is told with the ceiling that holds: $tasks tasks, $canvases canvases", ({ tasks, canvases, ceiling }) => {
  const readme = readFileSync(new URL("../../../bench/README.md", import.meta.url), "utf8");
  const measured = new RegExp(`^\\| ${tasks} \\| ${canvases} \\| ([\\d,]+) \\| ${ceiling.toLocaleString("en")} \\|`, "m").exec(readme)?.[1];
  expect(Number(measured?.replaceAll(",", ""))).toBeLessThanOrEqual(ceiling);
});
