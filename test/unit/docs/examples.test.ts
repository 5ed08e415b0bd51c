/** The TypeScript that the pages for users show compiles, against our sources. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
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

/** What the compiler says to the TypeScript of one page, whose blocks are files of one project. */
function complaints(page: string): string {
  const blocks = codeBlocks(join(root, page)).filter(({ language }) => language === "ts");
  const files = Object.fromEntries(blocks.map(({ file, text }, at) => [file ?? `block-${at + 1}.ts`, text]));
  const project = projectFolder("docs", { ...files, "tsconfig.json": JSON.stringify({ compilerOptions, files: Object.keys(files) }) });
  try {
    const { stdout, stderr } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", project.path], {
      encoding: "utf8",
    });
    return stdout + stderr;
  } finally {
    project.remove();
  }
}

describe("the TypeScript of", { timeout: 60_000 }, () => {
  it.each(pages.filter((page) => codeBlocks(join(root, page)).some(({ language }) => language === "ts")))("%s compiles", (page) => {
    expect(complaints(page)).toBe("");
  });

  it("the README is there to be checked", () => {
    expect(codeBlocks(join(root, "README.md")).filter(({ language }) => language === "ts").length).toBeGreaterThanOrEqual(4);
  });
});
