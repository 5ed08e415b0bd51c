/** Vitest's global setup of the projects that look at our packages as users get them: packs them once per run. */
import type { TestProject } from "vitest/node";
import { packPackages } from "./packed.ts";

declare module "vitest" {
  export interface ProvidedContext {
    packedPath: string;
  }
}

export function setup(project: TestProject): () => void {
  const { path, remove } = packPackages();
  project.provide("packedPath", path);
  return remove;
}
