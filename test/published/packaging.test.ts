/** What others' tools find wrong with the archives that npm would publish: manifests, files, and what their exports resolve to. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, it } from "vitest";
import { packages, packedPackages } from "../support/packed.ts";

const packed = packedPackages(inject("packedPath"));

/** What the tool says of the archive: "" when all is well. */
function complaints(tool: string, words: readonly string[], archive: string): string {
  const path = fileURLToPath(new URL(`node_modules/.bin/${tool}`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...words, archive], { encoding: "utf8" });
  return status === 0 ? "" : `${stdout}${stderr}` || `${tool} ended with ${status}`;
}

describe.each(Object.keys(packages))("%s", (name) => {
  it("has a manifest and files that publint finds nothing wrong with", () => {
    expect(complaints("publint", ["--strict"], packed.tarball(name))).toBe("");
  });

  it("has types that fit what is loaded, as attw sees it", () => {
    expect(complaints("attw", ["--profile", "esm-only", "--format", "ascii", "--no-emoji"], packed.tarball(name))).toBe("");
  });
});
