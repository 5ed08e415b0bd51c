import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { missingProofs } from "../../../tools/docs/proofs.ts";
import { temporaryDirectory } from "../../support/private-process.ts";

describe("proofs of a page", () => {
  let root: ReturnType<typeof temporaryDirectory>;
  beforeEach(() => {
    root = temporaryDirectory("docs-proofs");
    for (const folder of ["docs", "test/faults"]) mkdirSync(join(root.path, folder), { recursive: true });
    writeFileSync(join(root.path, "test/faults/kill.test.ts"), 'it("loses none of its tasks, and repeats few", () => {});');
  });
  afterEach(() => root.remove());

  const check = (page: string) => {
    writeFileSync(join(root.path, "docs/page.md"), page);
    return missingProofs(root.path, "docs/page.md");
  };

  it("are there when the linked test has the words of the link", () => {
    expect(check("[loses none](../test/faults/kill.test.ts), [and repeats few](../test/faults/kill.test.ts)")).toEqual([]);
  });

  it("are missing when it has not, any of them, with the line", () => {
    expect(check("# Page\n\n- [loses none](../test/faults/kill.test.ts), [loses some](../test/faults/kill.test.ts)")).toEqual([
      { path: "docs/page.md", line: 3, test: "test/faults/kill.test.ts", words: "loses some" },
    ]);
  });

  it("are asked of links to tests only", () => {
    expect(check("[the settings](reference/settings.md), [absent](../test/faults/absent.test.ts)")).toEqual([]);
  });
});
