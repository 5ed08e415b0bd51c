/** `npm run docs` writes docs/reference from the tables in the sources; with `--check` it writes nothing and ends with 1 when a page is stale, a link is dead, or a proof is missing. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deadLinks } from "./docs/links.ts";
import { pages } from "./docs/pages.ts";
import { parityPage, parityProblems, withCounts } from "./docs/parity.ts";
import { missingProofs } from "./docs/proofs.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "docs", "reference");
const problems: string[] = [];

for (const { file, render } of pages) {
  const path = join(folder, file);
  const text = render();
  if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
  if (process.argv.includes("--check")) {
    problems.push(`docs/reference/${file} does not say what the sources say: run \`npm run docs\``);
    continue;
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, text);
  console.log(`docs/reference/${file} written`);
}
if (!process.argv.includes("--check")) {
  const path = join(root, parityPage);
  const text = readFileSync(path, "utf8");
  if (withCounts(text) !== text) writeFileSync(path, withCounts(text));
}
problems.push(...parityProblems(root));
for (const { path, line, link } of deadLinks(root)) problems.push(`${path}:${line} links to ${link}, which is not there`);
for (const { path, line, test, words } of ["docs/guarantees.md", parityPage].flatMap((page) => missingProofs(root, page)))
  problems.push(`${path}:${line} says that ${test} proves "${words}", which is not in it`);

for (const problem of problems) console.error(problem);
console.log(`${pages.length} pages, ${problems.length} problems`);
if (problems.length > 0) process.exitCode = 1;
