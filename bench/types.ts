/** `npm run bench:types`: what our types cost the compiler in a project of many tasks and canvases. Ends with 1 above a ceiling. */
import { execFileSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "../test/support/private-process.ts";
import { type TypeCost, typeCostOf } from "./type-cost.ts";
import { sourcesOf, type TypeWorkload, typeCeilings } from "./type-workload.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const tsconfig = {
  compilerOptions: { module: "nodenext", target: "es2023", strict: true, noEmit: true, skipLibCheck: true, types: ["node"] },
  include: ["*.ts"],
};

function measure(workload: TypeWorkload): TypeCost {
  const folder = temporaryDirectory("types");
  try {
    symlinkSync(join(root, "node_modules"), join(folder.path, "node_modules"));
    const files = { ...sourcesOf(workload), "package.json": '{ "type": "module" }', "tsconfig.json": JSON.stringify(tsconfig) };
    for (const [path, text] of Object.entries(files)) writeFileSync(join(folder.path, path), text);
    // With one checker: several would each instantiate what they share.
    const words = [join(root, "node_modules/typescript/bin/tsc"), "-p", folder.path, "--extendedDiagnostics", "--singleThreaded"];
    return typeCostOf(execFileSync(process.execPath, words, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }));
  } finally {
    folder.remove();
  }
}

const shown = (value: number) => Math.round(value).toLocaleString("en");

console.log(
  "| tasks | canvases | instantiations | ceiling | types | check time | memory |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
);
for (const { tasks, canvases, ceiling } of typeCeilings) {
  const { instantiations, types, checkMs, memoryMb } = measure({ tasks, canvases });
  const counts = [tasks, canvases, instantiations, ceiling, types].map(shown);
  console.log(`| ${[...counts, `${shown(checkMs)} ms`, `${shown(memoryMb)} MB`].join(" | ")} |`);
  if (instantiations <= ceiling) continue;
  console.error(`${tasks} tasks and ${canvases} canvases cost ${instantiations} instantiations: the ceiling is ${ceiling}`);
  process.exitCode = 1;
}
