/** The types that users install, read by the compiler of this repository. Older ones read them in test/published. */
import { fileURLToPath } from "node:url";
import { expect, inject, it } from "vitest";
import { packedPackages } from "../support/packed.ts";
import { typeErrors, typeTests } from "../support/type-project.ts";

const typescript = fileURLToPath(new URL("../../node_modules/typescript", import.meta.url));

it("serve a strict project that checks its libraries", () => {
  expect(typeErrors(typescript, typeTests(packedPackages(inject("packedPath")), "nodenext"))).toBe("");
});
