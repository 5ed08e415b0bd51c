/** The reference pages say what the sources say. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { errorTable } from "../../../packages/core/src/error-table.ts";
import { table } from "../../../tools/docs/page.ts";
import { pages } from "../../../tools/docs/pages.ts";

it.each(pages)("docs/reference/$file is up to date", ({ file, render }) => {
  expect(readFileSync(new URL(`../../../docs/reference/${file}`, import.meta.url), "utf8")).toBe(render());
});

it("lists every error code with its meaning and remedy", () => {
  const text = pages.find(({ file }) => file === "errors.md")?.render() ?? "";
  for (const [code, [happened, remedy]] of Object.entries(errorTable)) expect(text).toContain(`| \`${code}\` | ${happened} | ${remedy} |`);
});

it("keeps a table whole whatever its cells hold", () => {
  expect(table(["a"], [["x | y\nz"]])).toBe("| a |\n| --- |\n| x \\| y z |");
});
