/** Links between Markdown files are checked as a reader would follow them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { deadLinks } from "../../../tools/docs/links.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "celeriac-links-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Dead links of a tree with these files and two pages to link to. */
function dead(text: string): readonly string[] {
  const files = { "README.md": text, "docs/a.md": "# One\n\n## Two words, `code`!\n\n# One\n", "docs/b/c.txt": "" };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return deadLinks(root).map(({ path, line, link }) => `${path}:${line} ${link}`);
}

it("lets links pass that lead to a file, a folder, a heading or away", () => {
  const text = `# Top
[a](docs/a.md) [b](./docs/b) ![c](docs/b/c.txt "title") [d](docs/a.md#one) [e](docs/a.md#two-words-code)
[f](docs/a.md#one-1) [g](#top) [h](https://example.org/x.md) [i](mailto:a@example.org) [j](/docs/a.md) [k]

[k]: docs/a.md`;
  expect(dead(text)).toEqual([]);
});

it("names links that lead nowhere, with their line", () => {
  const text = "[a](docs/none.md)\n[b](docs/a.md#three) [c](#nowhere)\n\n[d]: other.md\n";
  expect(dead(text)).toEqual(["README.md:1 docs/none.md", "README.md:2 docs/a.md#three", "README.md:2 #nowhere", "README.md:4 other.md"]);
});

it("does not read code", () => {
  expect(dead("```md\n[a](none.md)\n```\nand `[b](none.md)`\n")).toEqual([]);
});
