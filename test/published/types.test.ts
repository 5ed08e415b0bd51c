/** The types that users install, read by every compiler that is supported, found as Node and as bundlers find them. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, it } from "vitest";
import { packedPackages } from "../support/packed.ts";
import { commonJsTypes, resolutions, taskLibrary, typeErrors, typeTests } from "../support/type-project.ts";

const packed = packedPackages(inject("packedPath"));
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const compilers = {
  "5.4": at("node_modules/typescript-5.4"),
  "5.9": at("node_modules/typescript-5.9"),
  "7.0": at("../../node_modules/typescript"),
} as const;

describe.each(Object.entries(compilers))("TypeScript %s", (version, compiler) => {
  it("is what is installed under that name", () => {
    expect(execFileSync(process.execPath, [join(compiler, "bin/tsc"), "--version"], { encoding: "utf8" })).toContain(`Version ${version}.`);
  });

  it.each(Object.keys(resolutions) as (keyof typeof resolutions)[])("reads them in a strict project, resolved by %s", (resolution) => {
    expect(typeErrors(compiler, typeTests(packed, resolution))).toBe("");
  });

  it("writes the types of a project's own tasks, where only celeriac is within reach", () => {
    const library = taskLibrary(packed);
    try {
      expect(typeErrors(compiler, library.path)).toBe("");
      expect(readFileSync(join(library.path, "tasks.d.ts"), "utf8")).toContain(
        'import("celeriac").Task<[x: number, y: number], number, unknown>',
      );
    } finally {
      library.remove();
    }
  });
});

// 5.4 does not know yet that Node lends require() to ES modules.
it.each(["5.9", "7.0"] as const)("TypeScript %s reads them in a project of CommonJS", (version) => {
  expect(typeErrors(compilers[version], commonJsTypes(packed))).toBe("");
});
