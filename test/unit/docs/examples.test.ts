/** The TypeScript that the pages for users show compiles, against our sources. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { codeBlocks } from "../../support/markdown-blocks.ts";
import { projectFolder } from "../../support/project-folder.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
  ...readdirSync(join(root, "packages")).map((name) => `packages/${name}/README.md`),
];
const compilerOptions = {
  target: "es2023",
  lib: ["es2023", "esnext.disposable"],
  module: "nodenext",
  types: ["node"],
  customConditions: ["celeriac-source"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
};

const blocksOf = (page: string) => codeBlocks(join(root, page)).filter(({ language }) => language === "ts");
const pagesWithCode = pages.filter((page) => blocksOf(page).length > 0);

/** Each page's blocks are files of a folder of its own, named like the page; all of them are compiled as one project, which reads our sources once. */
function compileAll(): string {
  const files = pagesWithCode.flatMap((page) =>
    blocksOf(page).map(({ file, text }, at) => [`${page}/${file ?? `block-${at + 1}.ts`}`, text] as const),
  );
  const names = files.map(([name]) => name);
  const project = projectFolder("docs", {
    ...Object.fromEntries(files),
    "tsconfig.json": JSON.stringify({ compilerOptions, files: names }),
  });
  try {
    const tsc = [join(root, "node_modules/typescript/bin/tsc"), "-p", project.path, "--pretty", "false"];
    const { stdout, stderr } = spawnSync(process.execPath, tsc, { cwd: project.path, encoding: "utf8" });
    return stdout + stderr;
  } finally {
    project.remove();
  }
}

describe("the TypeScript of", { timeout: 60_000 }, () => {
  let complaints = "";
  beforeAll(() => {
    complaints = compileAll();
  }, 60_000);

  it.each(pagesWithCode)("%s compiles", (page) => {
    expect(complaints.split("\n").filter((line) => line.startsWith(`${page}/`))).toEqual([]);
  });

  it("all pages compiles together", () => {
    expect(complaints).toBe("");
  });

  it("the README is there to be checked", () => {
    expect(blocksOf("README.md").length).toBeGreaterThanOrEqual(4);
  });
});
